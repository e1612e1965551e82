-- expect: error
-- message: undeclared global
return function() _ENV.print = nil end
