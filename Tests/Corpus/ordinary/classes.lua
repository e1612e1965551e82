-- expect: ok
-- result: ["Rex says woof",true]
return function()
  local Animal = {}
  Animal.__index = Animal
  function Animal.new(name) return setmetatable({ name = name }, Animal) end
  function Animal:speak() return self.name .. " says " .. self:sound() end
  local Dog = setmetatable({}, { __index = Animal })
  Dog.__index = Dog
  function Dog.new(name) return setmetatable(Animal.new(name), Dog) end
  function Dog:sound() return "woof" end
  Dog.__eq = function(a, b) return a.name == b.name end
  return Dog.new("Rex"):speak(), Dog.new("A") == Dog.new("A")
end
