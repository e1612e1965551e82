-- expect: ok
return function() assert(math.type(demo.echo(2.0)) == "float") assert(math.type(demo.echo(2)) == "integer") end
