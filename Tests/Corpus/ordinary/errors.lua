-- expect: ok
return function()
  local ok, e = pcall(error, { code = 7 })
  assert(not ok and e.code == 7)
  ok, e = pcall(error, "plain", 0)
  assert(e == "plain")
  ok, e = pcall(function() error("here") end)
  assert(e:find(":%d+: here$"))
  assert(select("#", pcall(function() return 1, nil, 3 end)) == 4)
  local function handler(m) return "seen " .. tostring(m) end
  ok, e = xpcall(function(a, b) return a + b end, handler, 1, 2)
  assert(ok and e == 3)
  ok, e = xpcall(function() error("x", 0) end, handler)
  assert(not ok and e == "seen x")
  assert(not pcall(assert, false, "m") and select(2, pcall(assert, nil, { 1 }))[1] == 1)
  assert(not pcall(xpcall) and not pcall(pcall))
end
