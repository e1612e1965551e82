-- expect: ok
local count = 0
return function() count = count + 1 assert(count == 1, "ESCAPED: a run before was remembered") end
