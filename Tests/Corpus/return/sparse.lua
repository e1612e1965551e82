-- expect: result
return function() return { [1] = 1, [1000000] = 2 } end
