-- expect: steps|time
return function()
  local co = coroutine.wrap(function()
    while true do
      for _ = 1, 100 do end
      coroutine.yield()
    end
  end)
  while true do co() end
end
