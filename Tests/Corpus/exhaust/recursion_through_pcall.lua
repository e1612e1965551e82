-- expect: steps|time|memory|error
return function()
  local function f() return pcall(f) end
  while true do f() end
end
