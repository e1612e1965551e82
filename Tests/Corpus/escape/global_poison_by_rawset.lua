-- expect: error
-- message: read-only
return function() rawset(_G, "print", nil) end
