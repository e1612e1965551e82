-- expect: ok
return function()
  local t = {}
  for i = 1, 2000 do t["key" .. i] = i end
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  assert(n == 2000)
end
