-- expect: error
-- message: undefined global 'load'
return function() return load("return 1")() end
