-- expect: ok
return function()
  assert(getmetatable(_G) == false and getmetatable(string) == false)
end
