-- expect: error
-- message: the script raised a table
return function() error(setmetatable({}, { __tostring = function() error("ESCAPED") end })) end
