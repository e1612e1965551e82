-- expect: result
-- message: a function cannot be passed on
return function() return print end
