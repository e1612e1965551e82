-- expect: error
-- message: __mode is not available
return function() setmetatable({}, { __mode = "k" }) end
