-- expect: error
-- message: read-only
return function() table.sort(math) end
