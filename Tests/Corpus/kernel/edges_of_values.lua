-- expect: ok
local d, m = kernel.decimal, kernel.money
local function refused(text, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and message:find(text, 1, true), message)
end
return function()
  local least, most = d.new "-9223372036854775808", d.new "9223372036854775807"
  refused("too many digits", d.mul, least, 2)
  refused("too many digits", d.format, least, 3)
  refused("too many digits", d.format, most, 3)
  assert(d.floor(d.new "5") == 5 and d.floor(d.new "-5.5") == -6)
  assert(d.new "1" ~= d.new "2" and d.new "1" ~= m.new(1, "GHS", 2) and m.new(1, "GHS", 2) ~= d.new "1")
  assert(m.new(1, "GHS", 2) ~= m.new(1, "EUR", 2) and m.new(1, "GHS", 2) ~= m.new(2, "GHS", 2))
  refused("too large", m.parse, "-99999999999999999999", "GHS", 2)
  refused("too large", m.from_decimal, least, "GHS", 2)
  refused("too large", m.sub, m.new(math.mininteger, "GHS", 2), m.new(1, "GHS", 2))
  refused("not an amount", m.parse, ("1"):rep(60), "GHS", 2)
  refused("1 to 10000", m.allocate, m.new(1, "GHS", 2), {})
  local weights = {}
  for i = 1, 10001 do weights[i] = 1 end
  refused("1 to 10000", m.allocate, m.new(1, "GHS", 2), weights)
  refused("1 to 10000", m.split, m.new(1, "GHS", 2), 10001)
  assert(m.from_decimal(d.new "1.005", "GHS", 2, "half_up").minor == 101)
  refused("needs rounding", m.from_decimal, d.new "1.005", "GHS", 2)
  local t = { 1, 2, x = 3 }
  local copy = kernel.clone(t)
  t.x = 4
  assert(copy ~= t and copy[2] == 2 and copy.x == 3)
  refused("table expected", kernel.clone, 1)
  local inner = { 1, { deep = true } }
  local tree = { inner, x = { y = "z" }, n = 5 }
  assert(kernel.clone(tree)[1] == inner)
end
