-- expect: memory|steps|time
return function() local t = {} while true do t = { t, t, {}, {}, {} } end end
