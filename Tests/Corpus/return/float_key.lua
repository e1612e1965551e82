-- expect: result
return function() return { [1.5] = 1 } end
