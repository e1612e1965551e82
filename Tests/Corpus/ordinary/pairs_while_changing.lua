-- expect: ok
return function()
  local t, seen = { a = 1, b = 2, c = 3, d = 4 }, {}
  for k in pairs(t) do
    seen[#seen + 1] = k
    t[k] = nil
    t.c = nil
    t["new" .. k] = 1
  end
  assert(table.concat(seen, "") == "abd")
end
