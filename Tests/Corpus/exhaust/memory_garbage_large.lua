-- expect: steps|time
return function() while true do local s = ("x"):rep(500000) .. "y" end end
