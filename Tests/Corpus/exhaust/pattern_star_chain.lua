-- expect: steps|time
return function() return ("a"):rep(200):find(("a*"):rep(40) .. "b") end
