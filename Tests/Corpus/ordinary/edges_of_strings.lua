-- expect: ok
return function()
  assert(("abc"):sub(-100, -100) == "" and ("abc"):sub(-2, -2) == "b" and ("abc"):sub(2, 100) == "bc")
  assert(("%q"):format(1 / 0) == "1e9999" and ("%q"):format(-1 / 0) == "-1e9999" and ("%q"):format(0 / 0) == "(0/0)")
  assert(("%q"):format(0.5) == "0x1p-1" and ("%q"):format(math.mininteger) == "0x8000000000000000" and ("%q"):format(7) == "7")
  assert(("%q"):format("\1x\0012\"") == '"\\1x\\0012\\""' and ("%q"):format(nil) == "nil" and ("%q"):format(false) == "false")
  assert(("%q"):format("\0009") == '"\\0009"' and ("%q"):format("a\\") == '"a\\\\"')
  assert(not pcall(string.format, "%q", {}) and not pcall(string.format, "%5q", "x") and not pcall(string.format, "%q"))
  assert(not pcall(string.format, "%-+ #0-+ #0-+ #0-+ #0d", 1) and not pcall(string.format, "%") and not pcall(string.format, "%5"))
  assert(("%s"):format(("x"):rep(500)) == ("x"):rep(500) and ("%5s"):format(("x"):rep(500)) == ("x"):rep(500))
  assert(("%.3s"):format("abcdef") == "abc" and not pcall(string.format, "%5s", "a\0b") and ("%s"):format("a\0b") == "a\0b")
  assert(not pcall(string.format, "%.99f", "x") and #("%.99f"):format(1e300) > 300 and not pcall(string.format, "%s"))
  assert(("%5s"):format(setmetatable({}, { __tostring = function() return "me" end })) == "   me")
  local n = 0
  for a in ("abcdef"):gmatch("%w", -2) do n = n + 1 assert(a == "e" or a == "f") end
  for _ in ("abc"):gmatch(".", 10) do n = n + 100 end
  for _ in ("abc"):gmatch(".", 0) do n = n + 1 end
  for _ in ("abc"):gmatch(".", -10) do n = n + 1 end
  assert(n == 8)
  assert(not pcall(string.gsub, "x", "x", "%z") and not pcall(string.gsub, "x", "(x)", "%2") and not pcall(string.find, "x", "%0"))
  assert(("x"):rep(3000):find("^(x+)%1$") == 1 and ("ab"):rep(3000):match("^(ab.*)%1$"))
  assert(not pcall(string.match, "aa", "(a%1)") and not pcall(string.match, "a", "%1") and ("aa"):match("()%1") == nil)
  assert(not pcall(string.rep) and not pcall(string.rep, "x", 1e300) and not pcall(string.char, 256) and not pcall(string.char, -1))
  assert(string.char() == "" and ("x"):rep(0) == "" and ("x"):rep(-5) == "" and ("ab"):rep(2, "") == "abab")
  assert(not pcall(string.find, "x", "%f") and not pcall(string.find, "x", "%b(") and not pcall(string.find, "x", "[%"))
  assert(("x"):find("") == 1 and ("x"):find("", 2) == 2 and ("x"):find("", 3) == nil and ("x"):find("x", -5) == 1)
end
