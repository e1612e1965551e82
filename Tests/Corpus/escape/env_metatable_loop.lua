-- expect: error
-- message: loop
return function()
  local setmetatable = setmetatable
  local t = {}
  setmetatable(t, { __index = t })
  local u = {}
  setmetatable(t, { __index = u })
  setmetatable(u, { __index = t })
  return t.nothing
end
