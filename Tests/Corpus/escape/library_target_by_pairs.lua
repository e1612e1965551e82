-- expect: ok
return function()
  local step, state, first = pairs(string)
  assert(state == string, "pairs hands out the table behind the view")
  for name, f in step, state, first do assert(type(name) == "string" and type(f) == "function") end
  assert(not pcall(rawset, state, "rep", nil))
end
