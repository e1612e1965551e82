-- expect: ok
-- result: [1,2]
return function()
  local mt = { __index = function() return 1 end }
  local a = setmetatable({}, mt)
  mt.__index = function() return 2 end
  local b = setmetatable({}, mt)
  return a.x, b.x
end
