-- expect: ok
-- result: [[1]]
return function() return setmetatable({ 1 }, { __len = function() error("ESCAPED") end }) end
