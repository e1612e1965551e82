-- expect: ok
-- result: [[]]
return function() local t = {} setmetatable(t, { __index = t }) return t end
