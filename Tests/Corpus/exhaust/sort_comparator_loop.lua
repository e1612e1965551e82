-- expect: steps|time
return function() table.sort({ 2, 1 }, function() while true do end end) end
