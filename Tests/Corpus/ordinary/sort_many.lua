-- expect: ok
-- steps: 20000000
return function()
  local t = {}
  for i = 1, 200000 do t[i] = 200001 - i end
  table.sort(t)
  for i = 1, 200000, 777 do assert(t[i] == i) end
end
