-- expect: steps|time|memory
return function() while true do local s = ("x"):rep(1000000) end end
