-- expect: ok
return function()
  assert(("%d items at %5.2f"):format(3, 1.5) == "3 items at  1.50")
  assert(("%5d|%-5d|%05d|%+d"):format(42, 42, 42, 42) == "   42|42   |00042|+42")
  assert(("%x %X %#x %o"):format(255, 255, 255, 8) == "ff FF 0xff 10")
  assert(("%s %10s|%-10s|%.2s"):format("a", "b", "c", "def") == "a          b|c         |de")
  assert(("%q"):format('a "quoted"\nline\0') == '"a \\"quoted\\"\\\nline\\0"')
  assert(("%%"):format() == "%" and ("%c%c"):format(72, 105) == "Hi")
  assert(("%g %e"):format(0.1, 1234.5) == "0.1 1.234500e+03")
  assert(("%s %s %s"):format(nil, true, {}) == "nil true table")
  assert(not pcall(string.format, "%d", "x") and not pcall(string.format, "%d") and not pcall(string.format, "%y", 1))
  assert(not pcall(string.format, "%d", 1.5) and ("%d"):format(3.0) == "3")
  assert(("%i"):format(7) == "7" and ("%a"):format(1.0) == "0x1p+0")
end
