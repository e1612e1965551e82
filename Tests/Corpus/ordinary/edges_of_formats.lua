-- expect: ok
local function refused(text, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and message:find(text, 1, true), message)
end
return function()
  refused("invalid conversion", string.format, "%" .. ("-"):rep(30) .. "d", 1)
  refused("invalid conversion", string.format, "%" .. ("-"):rep(19) .. "d", 1)
  refused("invalid conversion", string.format, "%0", 1)
  refused("string contains zeros", string.format, "%5s", "a\0b")
  refused("longer than 8 MiB", string.gsub, ("x"):rep(1000), "x", ("y"):rep(10000))
  refused("longer than 8 MiB", string.rep, ("x"):rep(8 << 20), 1, "y")
  refused("longer than 8 MiB", string.rep, "x", 1 << 40)
  refused("interval is empty", math.random, 2, 1)
  refused("value out of range", utf8.char, 0xd800)
  refused("value out of range", utf8.char, 0x110000)
  refused("coroutine expected", coroutine.resume, 1)
end
