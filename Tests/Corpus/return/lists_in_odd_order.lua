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
  -- So it lies in the hash part, and in another order than that of its keys.
  local function odd(three, two, one)
    local t = { a = 1, b = 1, c = 1, d = 1 }
    t.a, t.b, t.c, t.d = nil, nil, nil, nil
    t[3], t[2], t[1] = three, two, one
    return t
  end
  local o = demo.echo(odd("c", "b", "a"))
  assert(o[1] == "a" and o[2] == "b" and o[3] == "c" and #o == 3)
  assert(not pcall(demo.echo, odd("c", print, "a")))
  local meta = odd(3, 2, 1)
  setmetatable({}, meta)
  assert(#demo.echo(meta) == 3)
  local broken = odd(3, 2, 1)
  setmetatable({}, broken)
  broken.name = "x"
  assert(not pcall(demo.echo, broken))
  return backwards, mixed, marked
end
