-- expect: result
return function() return { nil, 2 } end
