-- expect: ok
return function()
  local mt = { __index = function() return 1 end }
  local t = setmetatable({}, mt)
  mt.__mode = "kv"
  assert(not pcall(setmetatable, {}, mt))
  assert(t.x == 1)
end
