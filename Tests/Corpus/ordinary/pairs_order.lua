-- expect: ok
-- result: ["-3 1 2 10 1.5 2.5 A a b false true"]
return function()
  local t = { [10] = 1, [2] = 1, [1] = 1, [-3] = 1, [2.5] = 1, [1.5] = 1, b = 1, a = 1, A = 1, [true] = 1, [false] = 1 }
  local seen = {}
  for k in pairs(t) do seen[#seen + 1] = tostring(k) end
  return table.concat(seen, " ")
end
