-- expect: error
return function()
  local function nest(n)
    if n == 0 then error("deep") end
    return coroutine.wrap(function() return nest(n - 1) end)() + 1
  end
  return nest(100)
end
