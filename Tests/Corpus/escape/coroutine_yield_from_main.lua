-- expect: error
-- message: outside a coroutine
return function() coroutine.yield(1) end
