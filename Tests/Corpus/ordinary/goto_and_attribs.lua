-- expect: ok
-- result: [4]
return function()
  local n <const> = 2
  local sum = 0
  for i = 1, 5 do
    if i % n == 1 then goto continue end
    sum = sum + i
    if sum > 5 then goto done end
    ::continue::
  end
  ::done::
  return sum - n
end
