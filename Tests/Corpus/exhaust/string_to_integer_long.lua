-- expect: error
return function()
  local s = "0x" .. ("0"):rep(4000000) .. "1"
  while true do local _ = s | 0 end
end
