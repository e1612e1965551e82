-- expect: error|memory|steps|time
return function()
  local s = "x"
  while true do s = s:gsub("x", "xx") end
end
