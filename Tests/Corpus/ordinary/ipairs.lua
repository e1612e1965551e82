-- expect: ok
-- result: [6]
return function()
  local sum = 0
  for i, v in ipairs { 1, 2, 3, nil, 5 } do sum = sum + v assert(i == v) end
  return sum
end
