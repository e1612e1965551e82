-- expect: ok
local ok, message = pcall(demo.echo, 1)
assert(not ok and message:find("while a module loads", 1, true))
return function() assert(demo.echo(5) == 5) end
