-- expect: steps|time|error
return function()
  local s = ("0"):rep(4000000) .. "1"
  while true do local _ = math.floor(s) end
end
