-- expect: ok
return function()
  -- a metamethod that yields
  local t = setmetatable({}, { __pairs = function(t) coroutine.yield("in pairs") return next, t, nil end })
  local co = coroutine.wrap(function() for _ in pairs(t) do error("empty") end return "done" end)
  assert(co() == "in pairs" and co() == "done")
  -- floats that are many, booleans, long common prefixes
  local many = {}
  for i = 1, 300 do many[i + 0.5] = i end
  local last = 0
  for k in pairs(many) do assert(k > last) last = k end
  assert(next({ [true] = 1 }, false) == true and next({ [false] = 1 }) == false and next({ [2.5] = 1, [1] = 2 }, 1) == 2.5)
  assert(not pcall(next, { [print] = 1 }) and not pcall(pairs, { [print] = 1 }) and not pcall(pairs) and not pcall(pairs, 1))
  assert(not pcall(next, {}, print) and not pcall(next))
  local k = { [("p"):rep(50)] = 1, [("p"):rep(50) .. "a"] = 2, [("p"):rep(49)] = 3 }
  local order = {}
  for _, v in pairs(k) do order[#order + 1] = v end
  assert(table.concat(order) == "312")
  assert(tostring(setmetatable({}, { __name = 5 })) == "table")
end
