-- expect: ok
return function()
  local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end })
  local ok, message = pcall(function() return t[1] end)
  assert(not ok and message:find("stack overflow", 1, true), message)
end
