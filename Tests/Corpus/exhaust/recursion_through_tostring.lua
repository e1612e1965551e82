-- expect: ok
return function()
  local t = setmetatable({}, { __tostring = function(t) return tostring(t) end })
  assert(not pcall(tostring, t))
end
