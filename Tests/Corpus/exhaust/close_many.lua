-- expect: ok|error|memory|steps|time
return function()
  local function f(n)
    local guard <close> = setmetatable({}, { __close = function() end })
    if n > 0 then return f(n - 1), 1 end
  end
  f(150)
  f(100000)
end
