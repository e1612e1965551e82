-- expect: steps|time|ok
return function() return (("ab "):rep(300000):gsub("%f[%w]%w+", "x")) and nil end
