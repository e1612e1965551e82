-- expect: memory|steps|time
return function()
  xpcall(error, function()
    local t = {}
    while true do t[#t + 1] = {} end
  end)
end
