-- expect: host_limit
return function() demo.big(3000000) end
