-- expect: result
-- message: (at a.b)
return function() return { a = { b = -(0 / 0) } } end
