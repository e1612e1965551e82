-- expect: ok
return function()
  local _, message = pcall(function() return {} < {} end)
  assert(not message:find("0x"))
  _, message = pcall(function() return ("x")[{}].y end)
  assert(not message:find("0x"), message)
  _, message = pcall(error, {})
  assert(type(message) == "table")
end
