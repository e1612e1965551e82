-- expect: ok
return function()
  local t = setmetatable({}, { __index = { a = 1 } })
  assert(t.a == 1)
  setmetatable(t, nil)
  assert(t.a == nil and getmetatable(t) == nil)
  assert(not pcall(setmetatable, t, 5) and not pcall(setmetatable, 5, {}) and not pcall(setmetatable, t))
end
