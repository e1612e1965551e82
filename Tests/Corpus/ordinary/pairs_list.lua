-- expect: ok
-- result: [[1,2,3],[10,20,30]]
return function()
  local ks, vs = {}, {}
  for k, v in pairs { 10, 20, 30 } do ks[#ks + 1] = k vs[#vs + 1] = v end
  for _ in pairs {} do error("empty") end
  local gap = { 1, 2, 3, 4 }
  local n = 0
  for k in pairs(gap) do if k == 1 then gap[2] = nil end n = n + 1 end
  assert(n == 3)
  return ks, vs
end
