-- expect: error
-- message: undefined global 'os'
return function() return os.time() end
