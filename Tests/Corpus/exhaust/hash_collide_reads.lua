-- expect: steps|time|memory
return function()
  local t, step = {}, (1 << 14) - 1
  for i = 1, 12000 do t[i * step] = i end
  while true do local x = t[12000 * step] end
end
