-- expect: ok|error|steps|time|memory
return function()
  local function f(n)
    return pcall(coroutine.wrap(function() return f(n + 1) end))
  end
  f(1)
end
