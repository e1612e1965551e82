-- expect: result
-- message: a list that has named fields too
return function() return { 1, 2, name = "x" } end
