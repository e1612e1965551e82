-- expect: ok
-- result: [[{"key":"cash","sum":60},{"key":"mobile","sum":150}]]
return function()
  local sums = {}
  for i = 1, 20 do
    local key = i % 2 == 0 and "mobile" or "cash"
    sums[key] = (sums[key] or 0) + (key == "cash" and 6 or 15)
  end
  local rows = {}
  for key, sum in pairs(sums) do rows[#rows + 1] = { key = key, sum = sum } end
  return rows
end
