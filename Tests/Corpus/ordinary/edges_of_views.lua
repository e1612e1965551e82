-- expect: ok
return function()
  local ok, message = pcall(setmetatable, {}, string)
  assert(not ok and message:find("read-only table cannot be a metatable", 1, true), message)
  local t = setmetatable({ 1, 2, 3 }, { __index = { x = 1 } })
  table.insert(t, 4)
  assert(#t == 4 and table.remove(t) == 4 and t.x == 1)
end
