-- expect: memory|steps|time
return function() local t = {} for i = 1, 1e9 do t[i * 1024] = i end end
