-- expect: result
return function() return { [0] = 0, 1, 2 } end
