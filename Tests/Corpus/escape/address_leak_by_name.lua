-- expect: ok
return function()
  local t = setmetatable({}, { __name = "Thing" })
  assert(not tostring(t):find("0x"))
end
