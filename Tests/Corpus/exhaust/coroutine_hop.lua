-- expect: steps|time|memory
-- Many short coroutines, each dead before the next hook.
return function()
  while true do
    local co = coroutine.wrap(function() local x = 0 for i = 1, 300 do x = x + i end return x end)
    co()
  end
end
