-- expect: steps|time
return function() xpcall(error, function() while true do end end) end
