-- expect: error
-- message: round
return function()
  local t = { message = "round" }
  t.t = t
  error(t)
end
