-- expect: result
-- message: too many values
return function() local t = {} for i = 1, 20000 do t["k" .. i] = i end return t end
