-- expect: ok
return function()
  local t = setmetatable({}, { __index = function() return 1 end, __newindex = function() error("no") end })
  assert(rawget(t, "x") == nil and rawset(t, "x", 2) == t and rawget(t, "x") == 2 and rawlen({ 1, 2 }) == 2)
  assert(rawequal(t, t) and not rawequal({}, {}) and rawget(string, "rep") == string.rep and rawget(_G, "print") == print)
end
