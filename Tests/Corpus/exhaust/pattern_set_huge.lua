-- expect: steps|time
return function()
  local set = "[" .. ("b"):rep(50000) .. "]"
  return ("a"):rep(50000):find(set .. set)
end
