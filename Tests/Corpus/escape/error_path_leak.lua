-- expect: error
-- message: escape/error_path_leak.lua
return function() error("where am I") end
