-- expect: ok
return function()
  assert(not pcall(function() local s = "" s.upper = print end))
  assert(("x"):upper() == "X")
end
