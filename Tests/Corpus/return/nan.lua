-- expect: result
-- message: not finite
return function() return 0 / 0 end
