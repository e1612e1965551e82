-- expect: error
-- message: 'io' is not part of this program
return function() return require "io" end
