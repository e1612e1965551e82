-- expect: error
-- message: protected metatable
return function() setmetatable(string, {}) end
