-- expect: ok
local mt = { __index = {} }
return function()
  local t = setmetatable({}, mt)
  assert(t.letter == nil, "ESCAPED: a run before left a letter")
  mt.__index.letter = "secret"
end
