-- expect: ok
-- steps: 20000000
local d = kernel.decimal
local new = d.new

local function refuses(pattern, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "nothing was refused")
  assert(message:find(pattern), message)
end

return function()
  -- text to value and back, without trailing zeros
  for text, shown in pairs {
    ["0"] = "0", ["1.50"] = "1.5", ["-0.125"] = "-0.125", ["10"] = "10", ["007"] = "7", ["-0"] = "0", ["0.000"] = "0",
    ["9223372036854775807"] = "9223372036854775807", ["-9223372036854775808"] = "-9223372036854775808",
    ["0.000000000000000001"] = "0.000000000000000001", ["1.0000000000000000000000"] = "1",
  } do
    assert(tostring(new(text)) == shown, text .. " became " .. tostring(new(text)))
  end
  for _, text in ipairs {
    "", "-", ".", ".5", "5.", "1.2.3", "1e3", " 1", "1 ", "+1", "0x10", "1,5", "--1", "abc", "1\0",
    "99999999999999999999999999999999999999999999999999", "9999999999999999999999999999999999999999999999",
  } do
    refuses("is not a decimal number", new, text)
  end
  refuses("too many digits", new, "9223372036854775808")
  refuses("more than 18 places", new, "0.0000000000000000001")
  refuses("write decimal.new", new, 0.5)
  refuses("got nil", new, nil)
  refuses("got table", new, {})
  assert(new(5) == new "5" and new(new "1.5") == new "1.50")

  -- arithmetic
  assert(new "1.5" + new "2.25" == new "3.75" and new "1.5" - 2 == new "-0.5" and 3 * new "0.5" == new "1.5")
  assert(-new "1.5" == new "-1.5" and d.add(1, 2) == new "3" and d.sub(1, 2) == new "-1" and d.mul(2, 3) == new "6")
  assert(d.neg(new "2") == new "-2")
  refuses("too many digits", function() return new "9223372036854775807" + 1 end)
  refuses("too many digits", function() return new "9223372036854775807" * 2 end)
  refuses("too many digits", function() return -new "-9223372036854775808" end)
  refuses("more than 18 places", function() return new "0.0000000001" * new "0.0000000001" end)
  refuses("a float", function() return new "1" + 0.5 end)
  refuses("got string", function() return new "1" + "1" end)

  -- comparison
  assert(new "1.5" < new "1.6" and new "1.5" <= new "1.5" and new "2" > 1 and not (new "1" < 1))
  assert(d.compare(1, 2) == -1 and d.compare(2, 2) == 0 and d.compare(new "2.5", 2) == 1)
  assert(new "1" ~= 1, "a decimal is no integer")
  refuses("got nil", function() return new "1" < nil end)

  -- division and rounding, every mode, both signs
  local modes = { "half_up", "half_even", "half_down", "down", "up", "floor", "ceiling" }
  local wanted = {
    ["2.5"] = { "3", "2", "2", "2", "3", "2", "3" }, ["-2.5"] = { "-3", "-2", "-2", "-2", "-3", "-3", "-2" },
    ["3.5"] = { "4", "4", "3", "3", "4", "3", "4" }, ["2.4"] = { "2", "2", "2", "2", "3", "2", "3" },
    ["-2.6"] = { "-3", "-3", "-3", "-2", "-3", "-3", "-2" }, ["2"] = { "2", "2", "2", "2", "2", "2", "2" },
  }
  for text, list in pairs(wanted) do
    for i, mode in ipairs(modes) do
      assert(tostring(d.round(new(text), 0, mode)) == list[i], text .. " " .. mode)
    end
  end
  assert(d.round(new "1.25", 5) == new "1.25", "nothing to round needs no mode")
  refuses("bad argument #3", d.round, new "1.25", 1)
  refuses("invalid option", d.round, new "1.25", 1, "nearest")
  refuses("places must be 0 to 18", d.round, new "1", 19, "up")
  refuses("places must be 0 to 18", d.round, new "1", -1, "up")
  assert(tostring(d.div(1, 3, 4, "half_up")) == "0.3333" and tostring(d.div(-2, 3, 2, "half_up")) == "-0.67")
  assert(tostring(d.div(1, -3, 2, "floor")) == "-0.34" and d.div(10, 4, 1, "down") == new "2.5")
  assert(d.div(new "0.00001", new "1000", 10, "up") == new "0.00000001")
  assert(tostring(d.div(new "1.123456789012345678", 1, 2, "down")) == "1.12")
  refuses("division by zero", d.div, 1, 0, 2, "up")
  refuses("too many digits", d.div, new "9223372036854775807", new "0.000000000000000001", 18, "up")
  assert(d.div(new "0.000000000000000001", new "9223372036854775807", 0, "down") == new "0")

  -- parts, whole numbers, text of fixed width
  local coefficient, scale = d.parts(new "-1.25")
  assert(coefficient == -125 and scale == 2)
  assert(d.floor(new "2.7") == 2 and d.floor(new "-2.1") == -3 and math.type(d.floor(new "2.7")) == "integer")
  assert(d.integer(new "5.0") == 5 and d.integer(new "5.5") == nil)
  assert(d.format(new "1.5", 2) == "1.50" and d.format(new "-0.5") == "-0.5" and d.format(7, 2) == "7.00")
  refuses("round first", d.format, new "1.255", 2)
  refuses("too many digits", d.format, new "9223372036854775807", 2)
  assert(d.is(new "1") and not d.is(1) and not d.is({}))
  assert("is " .. new "1.5" == "is 1.5" and new "1.5" .. "!" == "1.5!" and 1 .. new "2" == "12")
  refuses("concatenate a table", function() return new "1" .. {} end)
  assert(kernel.kind(new "1") == "decimal" and kernel.kind(1) == nil)

  -- no way inside
  assert(getmetatable(new "1") == false and new "1".anything == nil)
  refuses("attempt to index a decimal value", function() local x = new "1" x.coefficient = 2 end)
  refuses("length of a decimal", function() return #new "1" end)
  refuses("arithmetic on a decimal", function() return new "1" / 2 end)
  assert(demo.echo(new "1.25") == new "1.25")
end
