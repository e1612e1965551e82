-- expect: result
-- message: a key longer than 65535 bytes
return function() return { [("k"):rep(70000)] = 1 } end
