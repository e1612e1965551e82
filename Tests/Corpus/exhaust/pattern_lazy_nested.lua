-- expect: steps|time
return function() return ("a"):rep(28):find((".-"):rep(20) .. "b") end
