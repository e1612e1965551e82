-- expect: steps|time
-- A coroutine made while the module loads is metered like any other.
local co = coroutine.wrap(function() coroutine.yield() while true do end end)
co()
return function() co() end
