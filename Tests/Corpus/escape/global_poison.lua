-- expect: error
-- message: undeclared global
return function() print = nil end
