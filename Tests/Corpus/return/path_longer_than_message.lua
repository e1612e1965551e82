-- expect: result
-- message: a function cannot be passed on
return function()
  local t = print
  for _ = 1, 31 do t = { [("k"):rep(300)] = t } end
  return t
end
