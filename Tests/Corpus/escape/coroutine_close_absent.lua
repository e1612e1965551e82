-- expect: error
-- message: attempt to call a nil value (field 'close')
return function() coroutine.close(coroutine.create(print)) end
