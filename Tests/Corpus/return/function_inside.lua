-- expect: result
-- message: (at run)
return function() return { run = function() end } end
