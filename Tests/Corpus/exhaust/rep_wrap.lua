-- expect: error
-- message: longer than
return function() return ("xxxxxxxx"):rep(1 << 61) end
