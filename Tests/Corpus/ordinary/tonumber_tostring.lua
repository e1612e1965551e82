-- expect: ok
return function()
  assert(tonumber("42") == 42 and tonumber("0x1f") == 31 and tonumber("1e2") == 100 and tonumber("z", 36) == 35)
  assert(tonumber("nope") == nil and tonumber(nil == 1) == nil and tonumber("  7  ") == 7 and tonumber("") == nil)
  assert(tostring(42) == "42" and tostring(1.5) == "1.5" and tostring(1e15) == "1e+15" and tostring(2.0) == "2.0")
  assert(tostring(nil) == "nil" and tostring(true) == "true" and tostring("x") == "x")
  assert(not pcall(tostring) and not pcall(tostring, setmetatable({}, { __tostring = function() return 1 end })))
end
