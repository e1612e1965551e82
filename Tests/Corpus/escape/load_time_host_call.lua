-- expect: error
-- message: is not available while a module loads
demo.echo(1)
return function() end
