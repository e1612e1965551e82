-- expect: ok
return function()
  local depth = 0
  local function f() depth = depth + 1 return (("a"):gsub("a", f)) end
  local ok, message = pcall(f)
  assert(not ok and message:find("C stack overflow", 1, true), message)
  assert(depth > 100 and depth < 250, depth)
end
