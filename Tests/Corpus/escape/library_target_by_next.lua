-- expect: ok
return function()
  local name, f = next(math)
  assert(name == "abs" and f == math.abs)
end
