-- expect: ok
kernel.register("money", { [1] = "one", __index = { named = function() return "money" end } })
return function()
  assert(kernel.money.new(1, "GHS", 2):named() == "money")
end
