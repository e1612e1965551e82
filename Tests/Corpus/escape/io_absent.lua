-- expect: error
-- message: undefined global 'io'
return function() return io.open("/etc/passwd") end
