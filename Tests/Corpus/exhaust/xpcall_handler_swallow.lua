-- expect: steps|time
return function() while true do xpcall(function() error("x") end, function(m) return m end) end end
