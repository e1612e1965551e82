-- expect: steps|time
return function() while true do select("#", table.unpack({}, 1, 8000)) end end
