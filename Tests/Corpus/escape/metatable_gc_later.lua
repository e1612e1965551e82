-- expect: ok
return function()
  local mt, hit = {}, false
  for _ = 1, 100 do setmetatable({}, mt) end
  mt.__gc = function() hit = true end
  local junk = {}
  for i = 1, 50000 do junk[i % 100 + 1] = { i } end
  assert(not hit)
end
