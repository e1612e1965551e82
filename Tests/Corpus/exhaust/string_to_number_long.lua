-- expect: steps|time
return function()
  local s = ("0"):rep(4000000) .. "1"
  while true do local _ = tonumber(s) end
end
