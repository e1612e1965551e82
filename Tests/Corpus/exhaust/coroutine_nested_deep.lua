-- expect: ok|error
return function()
  local function nest(n) if n == 0 then return 0 end return coroutine.wrap(function() return nest(n - 1) end)() + 1 end
  local ok, message = pcall(nest, 1000)
  assert(not ok and message:find("C stack overflow", 1, true), message)
  assert(nest(150) == 150)
end
