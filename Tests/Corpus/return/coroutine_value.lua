-- expect: result
-- message: a thread cannot be passed on
return function() return coroutine.create(print) end
