-- expect: error
-- message: attempt to index a number value
return function() return (1):upper() end
