-- expect: ok
return function()
  local t = { 5, 2, 8, 1, 9, 3 }
  table.sort(t)
  assert(table.concat(t, ",") == "1,2,3,5,8,9")
  table.sort(t, function(a, b) return a > b end)
  assert(table.concat(t, ",") == "9,8,5,3,2,1")
  local words = { "pear", "apple", "fig", "Apple" }
  table.sort(words)
  assert(table.concat(words, ",") == "Apple,apple,fig,pear")
  assert(not pcall(table.sort, { 1, "x" }))
  assert(not pcall(table.sort, { 3, 1, 2 }, function() error("no") end))
end
