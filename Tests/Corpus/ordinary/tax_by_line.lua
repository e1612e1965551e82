-- expect: ok
-- result: [{"gross":24000,"net":20000,"tax":4000}]
return function()
  local lines, net = {}, 0
  for i = 1, 40 do lines[i] = { quantity = 1, price = 500 } end
  for _, line in ipairs(lines) do net = net + line.quantity * line.price end
  local tax = net * 20 // 100
  return { net = net, tax = tax, gross = net + tax }
end
