-- expect: ok
return function()
  assert(getmetatable("") == false)
  assert(not pcall(setmetatable, "", {}))
  assert(not pcall(function() getmetatable("").__index = 1 end))
end
