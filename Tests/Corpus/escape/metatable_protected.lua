-- expect: ok
return function()
  local t = setmetatable({}, { __metatable = "mine" })
  assert(getmetatable(t) == "mine")
  assert(not pcall(setmetatable, t, {}))
end
