-- expect: ok
local gen = coroutine.wrap(function() for i = 1, 1000 do coroutine.yield(i) end end)
return function() assert(gen() == 1, "ESCAPED: a coroutine went on") end
