-- expect: result
-- message: not valid UTF-8
return function() return "\xff" end
