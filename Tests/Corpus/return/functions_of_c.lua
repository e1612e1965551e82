-- expect: result
-- message: a function cannot be passed on (at [1])
return function() return { print } end
