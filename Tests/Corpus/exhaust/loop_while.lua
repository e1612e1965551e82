-- expect: steps|time
return function() while true do end end
