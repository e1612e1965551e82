-- expect: host_limit
return function() while true do demo.echo(1) end end
