-- expect: ok
-- result: [[1,1,2,3,5,8,13]]
return function()
  local fib = coroutine.wrap(function() local a, b = 1, 1 while true do coroutine.yield(a) a, b = b, a + b end end)
  local t = {}
  for i = 1, 7 do t[i] = fib() end
  local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) error("fail " .. c) end)
  local ok, sum = coroutine.resume(co, 1, 2)
  assert(ok and sum == 3 and coroutine.status(co) == "suspended")
  local fine, message = coroutine.resume(co, "x")
  assert(not fine and message:find("fail x", 1, true) and coroutine.status(co) == "dead")
  assert(coroutine.resume(co) == false)
  assert(not coroutine.isyieldable())
  assert(not pcall(coroutine.wrap(function() error("in wrap") end)))
  return t
end
