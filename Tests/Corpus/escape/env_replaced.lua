-- expect: ok
-- result: [true]
return function()
  local _ENV = { x = 1 }
  return x == 1 and print == nil
end
