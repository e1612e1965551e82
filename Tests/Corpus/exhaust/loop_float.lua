-- expect: steps|time
return function() for _ = 1.0, math.huge do end end
