-- expect: steps|time
return function() while true do pcall(error, "again") end end
