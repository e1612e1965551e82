-- expect: ok
-- host: the prelude of this folder makes `kernel` a global
return function()
  assert(kernel.loading() == false)
  assert(kernel.where():find("kernel/facts.lua:%d+$"))
  local steps, nanoseconds, bytes, calls = kernel.remaining()
  assert(steps > 0 and nanoseconds > 0 and bytes > 0 and calls > 0)
  kernel.charge(1000)
  kernel.charge(-5)
  assert(kernel.remaining() <= steps - 1000)
  demo.echo()
  assert(select(4, kernel.remaining()) == calls - 1)
  local t = kernel.setmetatable({}, { __index = { a = 1 } })
  assert(t.a == 1 and getmetatable(t) == kernel.getmetatable(t) and kernel.getmetatable(1) == nil)
  assert(kernel.getmetatable("").__index.upper == string.upper)
  assert(not pcall(kernel.global, "late", 1))
  assert(kernel.host.demo.echo(5) == 5)
  local view = kernel.readonly("shop", { inner = { n = 1 }, list = { 1, 2, 3 }, f = print, object = setmetatable({}, {}), [7] = {} })
  assert(view.inner.n == 1 and #view.list == 3 and view.f == print)
  for _, f in ipairs {
    function() view.x = 1 end, function() view.inner.n = 2 end, function() view.list[1] = 0 end, function() view[{}] = 1 end,
    function() rawset(view, "x", 1) end, function() table.insert(view.list, 1) end, function() setmetatable(view, nil) end,
  } do
    assert(not pcall(f))
  end
  view.object.x = 1
  local seen = {}
  for i, v in ipairs(view.list) do seen[i] = v end
  for k in pairs(view.inner) do seen[#seen + 1] = k end
  assert(table.concat(seen, ",") == "1,2,3,n" and next(view.inner) == "n" and rawget(view, "f") == print)
  assert(not pcall(kernel.readonly, "deep", { { { { {} } } } }))
  assert(not pcall(kernel.register, "nothing", {}) and not pcall(kernel.invoker, "x", 1))
end
