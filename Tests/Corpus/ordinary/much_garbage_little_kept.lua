-- expect: ok
return function()
  local kept
  for i = 1, 100000 do kept = { i, tostring(i) } end
  assert(kept[1] == 100000)
end
