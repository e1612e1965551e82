-- expect: ok
kernel.register("money", {
  __index = { doubled = function(m) return m + m end }, __mul = function(m, n) return kernel.money.mul(m, n) end,
  __gc = function() end, __mode = "k", __metatable = "open",
})
kernel.register("decimal", { __call = function(d, x) return d + x end })
kernel.register("error", { __index = { is = function(e, code) return e.code == code end } })
return function()
  local ten = kernel.money.parse("10.00", "GHS", 2)
  assert(ten:doubled().minor == 2000 and (ten * 3).minor == 3000 and ten.minor == 1000)
  assert(getmetatable(ten) == false)
  assert(kernel.decimal.new "1.5"(1) == kernel.decimal.new "2.5")
  local ok, e = pcall(demo.fail, "bad")
  assert(not ok and e:is "bad" and tostring(e) == "bad" and not e:is "other")
end
