-- expect: steps|time|error
return function()
  local t = setmetatable({}, {})
  getmetatable(t).__concat = function(a, b) return setmetatable({}, getmetatable(t)) end
  setmetatable(t, nil)
  setmetatable(t, { __concat = function() while true do end end })
  return t .. t
end
