-- expect: steps|time|memory|error
return function()
  local message = "x"
  while true do
    local _, m = pcall(error, message .. message)
    message = m
  end
end
