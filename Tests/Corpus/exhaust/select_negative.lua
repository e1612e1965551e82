-- expect: steps|time
return function() while true do select(-1, 1, 2, 3) end end
