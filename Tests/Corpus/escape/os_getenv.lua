-- expect: error
-- message: undefined global 'os'
return function() return os.getenv("HOME") end
