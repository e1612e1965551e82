-- expect: steps|time
return function()
  local s = ("a"):rep(4000000)
  while true do s:find("b", 1, true) end
end
