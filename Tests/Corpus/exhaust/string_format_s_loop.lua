-- expect: steps|time|memory
return function() local s = ("x"):rep(1000000) while true do local _ = ("%s"):format(s) end end
