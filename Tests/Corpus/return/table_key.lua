-- expect: result
return function() return { [{}] = 1 } end
