-- expect: ok
return function()
  assert(not pcall(function() demo.echo = print end))
  assert(not pcall(rawset, demo, "echo", print))
  assert(not pcall(setmetatable, demo, {}))
  assert(getmetatable(demo) == false)
end
