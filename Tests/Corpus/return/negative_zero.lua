-- expect: ok
return function() assert(1 / demo.echo(-0.0) == -math.huge) end
