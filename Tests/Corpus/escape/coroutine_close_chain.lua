-- expect: ok
-- A chain of closes overruns the C stack of a stock Lua 5.4.4. Here a failed coroutine is not reset, so nothing closes.
return function()
  local function chain(n)
    local co = coroutine.wrap(function()
      local guard <close> = setmetatable({}, { __close = function() if n > 0 then chain(n - 1) end end })
      error("go on")
    end)
    pcall(co)
  end
  chain(20000)
end
