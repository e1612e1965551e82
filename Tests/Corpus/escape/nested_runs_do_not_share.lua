-- expect: ok
local depth = 0
return function(n)
  depth = depth + 1
  assert(depth == 1, "ESCAPED: a run inside sees the one around it")
  if n ~= 3 then demo.again((n or 0) + 1) end
end
