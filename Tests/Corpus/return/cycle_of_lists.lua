-- expect: result
return function() local t = {} t[1] = t return t end
