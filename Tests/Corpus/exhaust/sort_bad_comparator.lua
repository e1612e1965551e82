-- expect: ok
return function()
  local t = {}
  for i = 1, 500 do t[i] = i % 7 end
  table.sort(t, function() return true end)
  table.sort(t, function(a, b) return a <= b end)
  assert(#t == 500)
end
