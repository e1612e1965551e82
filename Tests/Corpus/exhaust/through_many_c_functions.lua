-- expect: steps
-- steps: 100000
-- line: 0
return function()
  local calls = {}
  for i = 1, 80 do calls[i] = pcall end
  calls[81], calls[82], calls[83] = string.rep, "x", 8 << 20
  return pcall(table.unpack(calls))
end
