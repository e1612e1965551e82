-- expect: error
-- message: too many captures
return function() return ("a"):rep(100):find(("(a"):rep(40) .. (")"):rep(40)) end
