-- expect: result
-- message: not finite
return function() return { total = { 1, 2, math.huge } } end
