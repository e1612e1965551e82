-- expect: output
return function() while true do print() end end
