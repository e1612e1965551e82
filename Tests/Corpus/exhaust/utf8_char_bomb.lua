-- expect: steps|time|memory
return function()
  local t = {}
  for i = 1, 7000 do t[i] = 0x10ffff end
  while true do utf8.char(table.unpack(t)) end
end
