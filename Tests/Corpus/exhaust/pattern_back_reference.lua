-- expect: steps|time
return function() return ("a"):rep(5000):find("(.*)(.*)(.*)%1%2%3b") end
