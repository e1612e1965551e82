-- expect: ok
-- result: [[1,2,3,4,5,6,7,8],[["a"],["b"],["c"]],[1,2,3]]
return function()
  local backwards, mixed = {}, {}
  for i = 8, 1, -1 do backwards[i] = i end
  mixed[3], mixed[1], mixed[2] = { "c" }, { "a" }, { "b" }
  local marked = {}
  marked[3], marked[2], marked[1] = 3, 2, 1
  setmetatable({}, marked)
  local with = {}
  for i = 9, 1, -1 do with[i] = i end
  with.x = 1
  assert(not pcall(demo.echo, with))
  with.x, with[11] = nil, 1
  assert(not pcall(demo.echo, with))
  local hole = { 1, 2, 3, 4 }
  hole[2] = nil
  assert(not pcall(demo.echo, hole))
  local float = {}
  float[2], float[1.5], float[1] = 2, 1, 1
  assert(not pcall(demo.echo, float))
  assert(not pcall(demo.echo, { ["long key " .. ("x"):rep(20)] = "\xff" }))
  assert(demo.echo({ ab = 1, abcdefgh = 2, abcdefghi = 3, [""] = 4 }).abcdefghi == 3)
  assert(demo.echo("exactly8") == "exactly8" and demo.echo("seven 7") == "seven 7" and demo.echo("ääääääää") == "ääääääää")
  return backwards, mixed, marked
end
