-- expect: result
-- message: nested deeper than 32
return function() local t = {} t.t = t return t end
