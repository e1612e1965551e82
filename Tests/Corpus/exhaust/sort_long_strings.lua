-- expect: steps|time|memory
return function()
  local t, base = {}, ("x"):rep(200000)
  for i = 1, 30 do t[i] = base .. i end
  while true do table.sort(t) end
end
