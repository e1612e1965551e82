-- expect: result
-- message: more than 1048576 bytes
return function()
  local t, s = {}, ("x"):rep(1000)
  for i = 1, 2000 do t[i] = { s } end
  return t
end
