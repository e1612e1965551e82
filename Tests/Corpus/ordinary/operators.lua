-- expect: ok
return function()
  local V = {}
  V.__index = V
  local function new(x, y) return setmetatable({ x = x, y = y }, V) end
  V.__add = function(a, b) return new(a.x + b.x, a.y + b.y) end
  V.__sub = function(a, b) return new(a.x - b.x, a.y - b.y) end
  V.__mul = function(a, k) return new(a.x * k, a.y * k) end
  V.__unm = function(a) return new(-a.x, -a.y) end
  V.__eq = function(a, b) return a.x == b.x and a.y == b.y end
  V.__lt = function(a, b) return a.x < b.x end
  V.__le = function(a, b) return a.x <= b.x end
  V.__len = function(a) return 2 end
  V.__call = function(a, n) return a.x + n end
  V.__concat = function(a, b) return "v" end
  V.__tostring = function(a) return "(" .. a.x .. "," .. a.y .. ")" end
  V.__newindex = function() error("fixed") end
  local a, b = new(1, 2), new(3, 4)
  assert(a + b == new(4, 6) and b - a == new(2, 2) and a * 3 == new(3, 6) and -a == new(-1, -2))
  assert(a < b and a <= b and not (a > b) and #a == 2 and a(5) == 6 and a .. b == "v" and tostring(a) == "(1,2)")
  assert(not pcall(function() a.z = 1 end))
end
