-- expect: steps|time
return function()
  while true do
    pcall(function()
      local guard <close> = setmetatable({}, { __close = function() error("again") end })
      error("out")
    end)
  end
end
