-- expect: error
-- message: attempt to divide by zero
return function() return 1 // 0 end
