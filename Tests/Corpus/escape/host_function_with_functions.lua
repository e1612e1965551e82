-- expect: error
-- message: a function cannot be passed on
return function() demo.echo(print) end
