-- expect: result
return function() return { [-1] = 1 } end
