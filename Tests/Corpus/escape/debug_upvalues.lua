-- expect: error
-- message: undefined global 'debug'
return function() return debug.getupvalue(pairs, 1) end
