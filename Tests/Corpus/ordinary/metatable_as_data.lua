-- expect: ok
-- result: [{"a":1,"b":2},["a","b"],"a"]
-- The private copy that a metatable keeps is never seen.
return function()
  local mt = { a = 1, b = 2 }
  setmetatable({}, mt)
  local names = {}
  for name in pairs(mt) do names[#names + 1] = name end
  assert(next(mt, "b") == nil)
  local list = setmetatable({}, {})
  assert(next(getmetatable(list)) == nil)
  return mt, names, (next(mt))
end
