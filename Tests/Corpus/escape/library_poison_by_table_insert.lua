-- expect: error
-- message: read-only
return function() table.insert(string, "x") end
