-- expect: steps
-- steps: 200000
local big = {}
for i = 1, 50000 do big[i] = i end
return function()
  for _ = 1, 100 do kernel.clone(big) end
end
