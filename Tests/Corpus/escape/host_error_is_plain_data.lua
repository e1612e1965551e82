-- expect: ok
return function()
  local ok, e = pcall(demo.fail, "bad")
  assert(not ok and e.code == "bad" and type(e.where) == "string")
  assert(getmetatable(e) == false)
  assert(tostring(e) == "bad")
end
