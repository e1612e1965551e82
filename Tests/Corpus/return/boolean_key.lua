-- expect: result
-- message: a key that is no text
return function() return { [true] = 1 } end
