-- expect: ok
-- result: [[1,2,3],{"a":1}]
return function()
  local list, map = { 1, 2, 3 }, { a = 1 }
  setmetatable({}, list)
  setmetatable({}, map)
  return list, map
end
