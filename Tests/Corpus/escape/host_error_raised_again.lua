-- expect: error
-- from_host: true
return function()
  local ok, e = pcall(demo.fail, "bad")
  error(e, 0)
end
