-- expect: error
-- message: undefined global 'load'
return function() return load("\27Lua", "x", "b") end
