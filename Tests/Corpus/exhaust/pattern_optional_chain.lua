-- expect: steps|time
return function() return ("a"):rep(32):find(("a?"):rep(32) .. ("a"):rep(32)) end
