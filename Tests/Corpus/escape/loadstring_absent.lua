-- expect: error
-- message: undefined global 'loadstring'
return function() return loadstring("return 1") end
