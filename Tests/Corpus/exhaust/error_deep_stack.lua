-- expect: error
return function()
  local function f(n) if n == 0 then error("deep") end return f(n - 1) + 1 end
  return f(5000)
end
