-- expect: ok
-- result: [[]]
return function() return setmetatable({}, { __index = function() error("ESCAPED") end }) end
