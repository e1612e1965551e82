-- expect: error
-- message: undefined global 'debug'
return function() return debug.getregistry() end
