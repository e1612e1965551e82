-- expect: steps|time
return function()
  local guard <close> = setmetatable({}, { __close = function() while true do end end })
  error("out")
end
