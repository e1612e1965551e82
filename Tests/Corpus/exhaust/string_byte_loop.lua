-- expect: steps|time
return function() local s = ("x"):rep(8000) while true do s:byte(1, -1) end end
