-- expect: ok
-- result: [{"a":1}]
return function() return setmetatable({ a = 1 }, { __pairs = function() error("ESCAPED") end }) end
