-- expect: steps|time
return function()
  local t = {}
  for i = 1, 20000 do t["k" .. i] = i end
  for k in next, t do assert(k) end
end
