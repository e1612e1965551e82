-- expect: error
-- message: read-only
return function() table.move({ 1, 2 }, 1, 2, 1, math) end
