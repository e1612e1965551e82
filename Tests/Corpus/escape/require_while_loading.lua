-- expect: error
-- message: in a circle
require "main"
return function() end
