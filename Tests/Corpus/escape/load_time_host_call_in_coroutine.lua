-- expect: error
-- message: is not available while a module loads
coroutine.wrap(function() demo.echo(1) end)()
return function() end
