-- expect: ok|error
return function()
  local function handler() error("again") end
  local ok = xpcall(error, handler, "first")
  assert(not ok)
end
