-- expect: ok
return function()
  local t = { 1, 2, 3 }
  table.insert(t, 4)
  table.insert(t, 1, 0)
  assert(table.concat(t, ",") == "0,1,2,3,4")
  assert(table.remove(t) == 4 and table.remove(t, 1) == 0 and table.concat(t, ",") == "1,2,3")
  assert(table.concat({ 1, 2, 3 }, "-", 2, 3) == "2-3" and table.concat({}) == "" and table.concat({ 1.5, "a" }) == "1.5a")
  assert(select("#", table.unpack({ 1, nil, 3 }, 1, 3)) == 3)
  local p = table.pack(1, nil, 3)
  assert(p.n == 3 and p[2] == nil and p[3] == 3)
  assert(table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), ",") == "1,1,2,3")
  assert(table.concat(table.move({ 1, 2, 3 }, 2, 3, 1), ",") == "2,3,3")
  assert(table.concat(table.move({ 1, 2 }, 1, 2, 1, { 9, 9, 9 }), ",") == "1,2,9")
  assert(not pcall(table.insert, { 1 }, 5, 0) and not pcall(table.insert, { 1 }, 0, 0) and not pcall(table.insert, { 1 }))
  assert(table.remove({}) == nil and table.remove({}, 0) == nil and not pcall(table.remove, { 1 }, 7))
end
