-- expect: result
-- message: holes
return function() return { 1, nil, 3 } end
