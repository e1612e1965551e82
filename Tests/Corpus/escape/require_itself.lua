-- expect: ok
return function() assert(type(require "main") == "function") end
