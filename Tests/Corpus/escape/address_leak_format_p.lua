-- expect: error
-- message: invalid conversion
return function() return string.format("%p", {}) end
