-- expect: error
-- message: undefined global 'debug'
return function() return debug.getinfo(1) end
