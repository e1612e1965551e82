-- expect: result
-- message: nested deeper than 32
return function() local t = 1 for _ = 1, 33 do t = { t } end return t end
