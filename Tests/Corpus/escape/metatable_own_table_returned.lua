-- expect: ok
return function()
  local mt = { __index = { a = 1 } }
  local t = setmetatable({}, mt)
  assert(getmetatable(t) == mt and t.a == 1)
end
