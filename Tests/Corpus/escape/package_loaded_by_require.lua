-- expect: error
-- message: 'package' is not part of this program
return function() return require("package").loaded end
