-- expect: error
-- message: is not part of this program
return function() return require("main\0.so") end
