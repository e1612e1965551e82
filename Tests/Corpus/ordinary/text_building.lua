-- expect: ok
return function()
  local parts = {}
  for i = 1, 1000 do parts[#parts + 1] = ("line %d"):format(i) end
  local text = table.concat(parts, "\n")
  local n = 0
  for _ in text:gmatch("[^\n]+") do n = n + 1 end
  assert(n == 1000 and #text > 8000)
end
