-- expect: ok|error|memory|steps
return function()
  local function f() return f() + 1 end
  xpcall(f, function(m) local function g() return g() + 1 end g() return m end)
end
