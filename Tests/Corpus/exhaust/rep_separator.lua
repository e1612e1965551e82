-- expect: error
-- message: longer than
return function() return (""):rep(1 << 40, "x") end
