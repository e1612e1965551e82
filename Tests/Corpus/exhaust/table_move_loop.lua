-- expect: steps|time
return function() local t = {} while true do table.move(t, 1, 1000000, 2) end end
