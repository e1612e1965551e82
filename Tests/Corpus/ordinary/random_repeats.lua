-- expect: ok
-- result: [true]
return function()
  math.randomseed(42)
  local a = math.random(1000000)
  math.randomseed(42)
  local same = a == math.random(1000000)
  math.randomseed()
  math.randomseed(1.5)
  return same
end
