-- expect: error
-- message: 1.5
-- A number is shown as text; before it, all that an error can be.
return function()
  for _, value in ipairs { true, 1, 1.5, "x", {}, print, { code = "c" }, { message = "m" } } do
    local ok, e = pcall(error, value)
    assert(not ok and e == value)
  end
  assert(not pcall(function() undefined_name = 1 end) and not pcall(function() _ENV[{}] = 1 end))
  assert(not pcall(function() return _ENV[{}] end) and not pcall(function() return _ENV[1] end))
  assert(not pcall(rawset, {}, nil, 1) and not pcall(rawset, 1) and not pcall(rawget, {}))
  error(1.5, 0)
end
