-- expect: error
-- message: bytes at once
return function() return ("x"):rep(100000):byte(1, -1) end
