-- expect: error
-- message: undefined global 'package'
return function() return package.loadlib("libc.so.6", "system") end
