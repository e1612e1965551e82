-- expect: error
-- message: invalid conversion
return function() return ("%999999999d"):format(1) end
