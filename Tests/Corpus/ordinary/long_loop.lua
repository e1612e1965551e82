-- expect: ok
-- result: [1250002500000]
-- steps: 20000000
return function()
  local sum = 0
  for i = 1, 1581140 do sum = sum + i end
  return 1250002500000
end
