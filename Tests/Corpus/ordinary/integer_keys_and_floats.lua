-- expect: ok
return function()
  local t = {}
  t[1.0] = "a"
  t[2^53] = "b"
  assert(t[1] == "a" and t[2^53 | 0] == "b")
  assert(not pcall(function() t[0 / 0] = 1 end) and not pcall(function() t[nil] = 1 end))
end
