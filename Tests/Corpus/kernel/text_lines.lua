-- expect: ok
local t = kernel.text
local function refused(text, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and message:find(text, 1, true), message)
end
return function()
  assert(t.width("läuft") == 5 and t.width("") == 0 and t.width("\xff\xfe") == 2)
  assert(t.cut("läuft", 2) == "lä" and t.cut("ab", 5) == "ab" and t.cut("\xff\xfe", 1) == "\xff" and t.cut("abc", -1) == "")
  assert(t.cut("äö", 0) == "" and t.cut("aä", 1) == "a" and t.cut("äa", 1) == "ä")
  assert(t.pad("ä", 3) == "ä  " and t.pad("ä", 3, "left") == "  ä" and t.pad("ä", 3, "right") == "ä  " and t.pad("ä", 3, 7) == "ä  ")
  assert(t.pad("ab", 2) == "ab" and t.pad("ab", 1) == "ab" and t.pad("ab", -5) == "ab" and t.pad("", 2) == "  ")
  assert(t.center("ab", 6) == "  ab" and t.center("abcdef", 3) == "abc" and t.center("ab", -1) == "" and t.center("a", 4) == " a")
  refused("longer than 8 MiB", t.pad, "x", 1 << 40)
  refused("longer than 8 MiB", t.pad, "x", 1 << 40, "left")
  refused("longer than 8 MiB", t.pad, ("ä"):rep(10), 8 << 20)
  refused("longer than 8 MiB", t.center, "x", math.maxinteger)
  refused("string expected", t.width, {})
  assert(("-"):rep(5) == "-----" and ("ab"):rep(2) == "abab" and ("a"):rep(2, "b") == "aba")
  assert(kernel.decimal.format(kernel.decimal.new "0", 3) == "0.000" and tostring(kernel.decimal.new "-0.05") == "-0.05")
  assert(tostring(kernel.decimal.new "-9223372036854775808") == "-9223372036854775808")
end
