-- expect: error
-- message: is not part of this program
return function() return require "string" end
