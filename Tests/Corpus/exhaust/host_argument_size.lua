-- expect: error
-- message: more than 1048576 bytes
return function() demo.echo(("x"):rep(2000000)) end
