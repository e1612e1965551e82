-- expect: error
-- message: a nil value
return function() error(nil) end
