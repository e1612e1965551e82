-- expect: ok
return function()
  local t, last, n = {}, "", 0
  for i = 1, 1500 do t[("k%06d"):format(i * 7919 % 10007)] = i end
  for k in pairs(t) do assert(last < k) last = k n = n + 1 end
  assert(n == 1500)
end
