-- expect: ok
-- steps: 20000000
local m = kernel.money
local new = kernel.decimal.new

local function ghs(text) return m.parse(text, "GHS", 2) end

local function refuses(pattern, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "nothing was refused")
  assert(message:find(pattern), message)
end

local function sum(parts)
  local total = 0
  for _, part in ipairs(parts) do total = total + part.minor end
  return total
end

return function()
  local ten = ghs "10.00"
  assert(ten.minor == 1000 and ten.currency == "GHS" and ten.exponent == 2 and ten.nothing == nil and ten[1] == nil)
  assert(tostring(ten) == "10.00 GHS" and m.format(ten) == "10.00" and tostring(m.new(-5, "JPY", 0)) == "-5 JPY")
  assert(tostring(m.new(-5, "KWD", 3)) == "-0.005 KWD" and "for " .. ten == "for 10.00 GHS")
  assert(m.new(1, "POINTS", 0).currency == "POINTS" and m.is(ten) and not m.is(10))
  assert(kernel.kind(ten) == "money")
  local minor, code, exponent = m.parts(ten)
  assert(minor == 1000 and code == "GHS" and exponent == 2)
  assert(ghs "10" == ten and ghs "10.0" == ten and ghs "-0.01".minor == -1 and m.parse("7", "JPY", 0).minor == 7)
  assert(ghs "1.500" == ghs "1.5")
  refuses("more places than GHS has", ghs, "1.005")
  refuses("is not an amount", ghs, "ten")
  refuses("is not an amount", m.parse, 10, "GHS", 2)
  refuses("too large", ghs, "92233720368547758.08")
  refuses("too large", m.parse, "99999999999999999999", "GHS", 2)
  refuses("three to eight capitals", m.new, 1, "gh", 2)
  refuses("three to eight capitals", m.new, 1, "ghs", 2)
  refuses("three to eight capitals", m.new, 1, "ABCDEFGHI", 2)
  refuses("exponent must be 0 to 6", m.new, 1, "GHS", 7)
  refuses("exponent must be 0 to 6", m.new, 1, "GHS", -1)
  refuses("minor units are an integer", m.new, 1.5, "GHS", 2)
  refuses("minor units are an integer", m.new, "1", "GHS", 2)

  -- arithmetic
  assert(ten + ghs "0.05" == ghs "10.05" and ten - ghs "0.05" == ghs "9.95" and -ten == ghs "-10")
  assert(m.add(ten, ten) == ghs "20" and m.sub(ten, ten) == ghs "0" and m.neg(ten) == -ten)
  assert(ten < ghs "10.01" and ten <= ten and ten >= ten and ten ~= ghs "1" and ten ~= m.new(1000, "GBP", 2))
  assert(ten ~= m.new(1000, "GHS", 3) and ten ~= 1000)
  assert(m.compare(ten, ghs "9") == 1 and m.compare(ten, ten) == 0 and m.compare(ghs "-1", ten) == -1)
  refuses("do not mix", function() return ten + m.new(1, "GBP", 2) end)
  refuses("do not mix", function() return ten < m.new(1, "GBP", 2) end)
  refuses("do not mix", function() return ten <= m.new(1, "GBP", 2) end)
  refuses("money expected, got a number", function() return ten + 1 end)
  refuses("money expected, got nil", m.add, ten, nil)
  refuses("too large", function() return m.new(math.maxinteger, "GHS", 2) + ghs "0.01" end)
  refuses("too large", function() return -m.new(math.mininteger, "GHS", 2) end)

  -- multiplication says how it rounds
  assert(m.mul(ten, 3) == ghs "30" and m.mul(ten, new "0.5") == ghs "5")
  assert(m.mul(ghs "0.05", new "0.5", "half_up") == ghs "0.03" and m.mul(ghs "0.05", new "0.5", "half_even") == ghs "0.02")
  refuses("say how", m.mul, ghs "0.05", new "0.5")
  refuses("got a float", m.mul, ten, 0.5)
  refuses("decimal expected, got money", m.mul, ten, ten)
  refuses("too large", m.mul, m.new(math.maxinteger, "GHS", 2), 2)
  assert(m.to_decimal(ghs "12.50") == new "12.5" and m.from_decimal(new "12.5", "GHS", 2) == ghs "12.50")
  assert(m.from_decimal(new "1.005", "GHS", 2, "half_up") == ghs "1.01" and m.from_decimal(3, "GHS", 2) == ghs "3")
  assert(m.from_decimal(new "1.500", "GHS", 2) == ghs "1.50" and m.from_decimal(new "30", "JPY", 0).minor == 30)
  refuses("say how", m.from_decimal, new "1.005", "GHS", 2)
  refuses("too large", m.from_decimal, math.maxinteger, "GHS", 2)

  -- shares add up, ties to the earlier
  local parts = m.split(ten, 3)
  assert(#parts == 3 and parts[1] == ghs "3.34" and parts[2] == ghs "3.33" and sum(parts) == 1000)
  parts = m.split(-ten, 3)
  assert(parts[1] == ghs "-3.34" and sum(parts) == -1000)
  parts = m.split(ghs "0.02", 5)
  assert(sum(parts) == 2 and parts[2].minor == 1 and parts[3].minor == 0)
  refuses("1 to 10000 parts", m.split, ten, 0)
  refuses("1 to 10000 parts", m.split, ten, 10001)
  parts = m.allocate(ten, { 1, 2, 3, 0 })
  assert(parts[1].minor == 167 and parts[2].minor == 333 and parts[3].minor == 500 and parts[4].minor == 0)
  parts = m.allocate(m.new(100, "GHS", 2), { 1, 1, 1 })
  assert(parts[1].minor == 34 and parts[2].minor == 33)
  refuses("every weight is zero", m.allocate, ten, { 0, 0 })
  refuses("no integer of at least 0", m.allocate, ten, { 1, -1 })
  refuses("no integer of at least 0", m.allocate, ten, { 1, 0.5 })
  refuses("no integer of at least 0", m.allocate, ten, { 1 << 53, 1 })
  refuses("1 to 10000 weights", m.allocate, ten, {})
  for _ = 1, 300 do
    local amount = m.new(math.random(-1000000, 1000000), "GHS", 2)
    local weights = {}
    for i = 1, math.random(1, 12) do weights[i] = math.random(0, 100) end
    weights[1] = weights[1] + 1
    assert(sum(m.allocate(amount, weights)) == amount.minor)
    assert(sum(m.split(amount, math.random(1, 12))) == amount.minor)
  end

  -- no way inside
  assert(getmetatable(ten) == false)
  refuses("attempt to index a money value", function() ten.minor = 1 end)
  assert(demo.echo(ten) == ten and demo.echo({ total = ten }).total.minor == 1000)
  refuses("money expected, got string", function() return ten < "10" end)
end
