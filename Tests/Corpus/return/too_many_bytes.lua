-- expect: result
-- message: more than 1048576 bytes
return function() return ("x"):rep(2000000) end
