-- expect: steps|time|host_limit
return function()
  local t = { "lol" }
  for _ = 1, 30 do t = { t, t } end
  while true do pcall(demo.echo, t) end
end
