-- expect: error
-- message: read-only
return function() string.upper = function() return "poisoned" end end
