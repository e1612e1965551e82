-- expect: steps|time|ok
return function()
  local s = ("a"):rep(1000000)
  local p = ("a"):rep(500000) .. "b"
  for _ = 1, 200 do assert(not s:find(p, 1, true)) end
end
