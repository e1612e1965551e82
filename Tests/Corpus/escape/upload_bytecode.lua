-- expect: compile
-- message: bytecode
-- prefix: \27Lua
return function() end
