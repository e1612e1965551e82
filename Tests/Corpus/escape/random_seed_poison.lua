-- expect: ok
-- What one run does to the random numbers the next must not see.
return function()
  local first = math.random(1 << 40)
  math.randomseed(1)
  local seeded = math.random(1 << 40)
  math.randomseed(1)
  assert(math.random(1 << 40) == seeded)
  return first
end
