-- expect: error
-- message: 42
return function() error(42) end
