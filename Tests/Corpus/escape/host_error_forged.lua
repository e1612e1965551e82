-- expect: error
-- from_host: false
-- A table that looks like a host error is not taken for one.
return function()
  local ok, e = pcall(demo.fail, "bad")
  local copy = {}
  for k, v in pairs(e) do copy[k] = v end
  error(copy, 0)
end
