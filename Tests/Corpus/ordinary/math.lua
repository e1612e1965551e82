-- expect: ok
return function()
  assert(math.floor(3.7) == 3 and math.ceil(3.2) == 4 and math.max(1, 5, 3) == 5 and math.min(2, -1) == -1)
  assert(math.abs(-3) == 3 and math.tointeger(3.0) == 3 and math.type(1) == "integer" and math.type(1.0) == "float")
  assert(math.fmod(7, 3) == 1 and math.ult(1, -1) and math.pi > 3.14 and math.huge > math.maxinteger)
  assert(math.sqrt(16) == 4 and math.modf(3.7) == 3)
  for _ = 1, 200 do
    local r, i, j = math.random(), math.random(6), math.random(-3, 3)
    assert(r >= 0 and r < 1 and i >= 1 and i <= 6 and j >= -3 and j <= 3)
  end
  assert(math.type(math.random(0)) == "integer" and math.random(5, 5) == 5)
  assert(not pcall(math.random, 0, -1) and not pcall(math.random, 1, 2, 3))
  assert(math.random(math.mininteger, math.maxinteger))
end
