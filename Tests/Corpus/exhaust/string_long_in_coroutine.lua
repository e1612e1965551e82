-- expect: steps|time
return function()
  local co = coroutine.wrap(function()
    local s = ("0"):rep(4000000) .. "1"
    while true do coroutine.yield(tonumber(s)) end
  end)
  while true do co() end
end
