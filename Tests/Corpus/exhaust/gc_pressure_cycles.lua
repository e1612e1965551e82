-- expect: steps|time|memory
return function()
  while true do
    local a, b = {}, {}
    a.b, b.a = b, a
    a.c = setmetatable({}, { __index = a })
  end
end
