-- expect: error
-- message: longer than
return function() return ("x"):rep(1 << 40) end
