-- expect: ok
return function()
  local function many(n) if n == 0 then return end return n, many(n - 1) end
  local t = {}
  for i = 1, 8000 do t[i] = {} end
  return table.unpack(t)
end
