-- expect: result
return function()
  local t = { "lol" }
  for _ = 1, 30 do t = { t, t } end
  return t
end
