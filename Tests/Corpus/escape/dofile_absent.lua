-- expect: error
-- message: undefined global 'dofile'
return function() dofile("/etc/passwd") end
