-- expect: result
-- message: (at total[3])
return function() return { total = { 1, 2, math.huge } } end
