-- expect: ok
return function()
  assert(next({}) == nil)
  local k, v = next({ a = 1 })
  assert(k == "a" and v == 1)
  local seen, key, value = {}, nil, nil
  local t = { 3, 2, 1, x = 0, a = 9 }
  repeat
    key, value = next(t, key)
    if key then seen[#seen + 1] = key .. "=" .. value end
  until not key
  assert(table.concat(seen, " ") == "1=3 2=2 3=1 a=9 x=0")
  assert(not pcall(next, { [{}] = 1 }))
  assert(not pcall(next, {}, {}))
end
