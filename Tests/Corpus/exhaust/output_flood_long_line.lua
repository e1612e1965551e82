-- expect: output
return function() print(("x"):rep(1000000)) end
