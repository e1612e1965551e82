-- expect: error
-- message: attempt to perform arithmetic on a string value
return function() return "10" + 1 end
