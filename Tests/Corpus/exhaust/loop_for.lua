-- expect: steps|time
return function() for _ = 1, math.maxinteger do end end
