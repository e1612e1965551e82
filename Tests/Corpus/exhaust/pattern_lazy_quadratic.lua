-- expect: steps|time
return function() return ("a"):rep(1000000):find("a-b") end
