-- expect: error
-- message: __gc is not available
return function() setmetatable({}, { __gc = function() end }) end
