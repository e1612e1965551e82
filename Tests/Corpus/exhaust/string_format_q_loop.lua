-- expect: steps|time|memory
return function() local s = ("\1"):rep(300000) while true do local _ = ("%q"):format(s) end end
