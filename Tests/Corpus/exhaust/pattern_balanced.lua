-- expect: steps|time
return function() return ("("):rep(100000):find("%b()") end
