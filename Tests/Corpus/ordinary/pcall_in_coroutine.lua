-- expect: ok
return function()
  local co = coroutine.wrap(function()
    local ok, v = pcall(function() local x = coroutine.yield(1) return x + 1 end)
    coroutine.yield(v)
    local bad, message = xpcall(function() coroutine.yield("again") error("late") end, function(m) return "handled " .. m end)
    return message
  end)
  assert(co() == 1 and co(41) == 42 and co() == "again")
  assert(co():find("^handled .*late$"))
end
