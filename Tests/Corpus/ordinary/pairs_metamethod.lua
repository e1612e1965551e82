-- expect: ok
-- result: ["x",1]
return function()
  local t = setmetatable({}, { __pairs = function(t) return function(_, k) if not k then return "x", 1 end end, t, nil end })
  for k, v in pairs(t) do return k, v end
end
