-- expect: steps|time
return function()
  local cos = {}
  for i = 1, 50 do
    cos[i] = coroutine.wrap(function() while true do for _ = 1, 900 do end coroutine.yield() end end)
  end
  while true do for i = 1, 50 do cos[i]() end end
end
