-- expect: output
return function() while true do print("flood") end end
