-- expect: ok
-- steps: 20000000
-- A metatable's private copy goes with it.
return function()
  for i = 1, 100000 do
    local t = setmetatable({}, { __index = function() return i end })
    assert(t.x == i)
  end
end
