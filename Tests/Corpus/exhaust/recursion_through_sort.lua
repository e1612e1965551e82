-- expect: ok
return function()
  local function f() table.sort({ 3, 1, 2 }, function() f() return false end) end
  assert(not pcall(f))
end
