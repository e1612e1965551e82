-- expect: ok
-- steps: 20000000
return function()
  local t = { 1, 2, 3 }
  assert(table.remove(t, 4) == nil and #t == 3 and not pcall(table.remove, t, 5) and not pcall(table.remove, t, -1))
  assert(table.concat(table.move({ 1, 2, 3 }, 1, 3, 1, t), ",") == "1,2,3" and #table.move({}, 1, 0, 5) == 0)
  local s = { 1, 2, 3, 4 }
  assert(table.concat(table.move(s, 2, 4, 3, s), ",") == "1,2,2,3,4")
  assert(not pcall(table.move, {}, 1, 10, math.maxinteger) and not pcall(table.move, {}, 1, 2) and not pcall(table.move))
  assert(not pcall(table.concat, { {} }) and not pcall(table.concat, { 1 }, 1, {}) and table.concat({ 1, 2 }, 0) == "102")
  assert(select("#", table.unpack({}, 1, 0)) == 0 and select("#", table.unpack({ 1, 2 }, -1, 2)) == 4)
  table.sort({})
  table.sort({ 1 })
  local floats = {}
  for i = 1, 50 do floats[i] = (i * 37 % 53) / 2 end
  table.sort(floats)
  for i = 2, 50 do assert(floats[i - 1] <= floats[i]) end
  local mixed = { 3, 1.5, 2, 0.5 }
  table.sort(mixed)
  assert(table.concat(mixed, " ") == "0.5 1.5 2 3")
  local nan = { 3.5, 0 / 0, 1.5 }
  table.sort(nan)
  assert(#nan == 3)
  local words = { "b", "", "ab", "a", "a\0", "é" }
  table.sort(words)
  assert(table.concat(words, "|") == "|a|a\0|ab|b|é")
  assert(not pcall(table.sort, { 1, 2 }, 5) and not pcall(table.sort, { "a", 1 }) and not pcall(table.sort, { true, false }))
  local large = {}
  for i = 1, 60000 do large[i] = i % 2 == 0 and i or i + 0.5 end -- neither all integers nor all floats
  table.sort(large)
  assert(large[1] == 1.5 and large[60000] == 60000)
end
