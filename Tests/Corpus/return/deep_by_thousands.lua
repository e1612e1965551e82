-- expect: result
return function() local t = {} for _ = 1, 100000 do t = { t } end return t end
