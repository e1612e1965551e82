-- expect: error
-- message: a function value
return function() error(print) end
