-- expect: error
-- message: a thread cannot be passed on
return function() demo.echo(coroutine.create(print)) end
