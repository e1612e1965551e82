-- expect: error
-- message: pattern too complex
return function() return ("a"):rep(1000):find(("(a)"):rep(30) .. ("a?"):rep(300) .. "()") end
