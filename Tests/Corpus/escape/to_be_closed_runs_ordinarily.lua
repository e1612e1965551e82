-- expect: ok
-- result: ["body","closed"]
return function()
  local seen = {}
  do
    local guard <close> = setmetatable({}, { __close = function() seen[#seen + 1] = "closed" end })
    seen[#seen + 1] = "body"
  end
  return seen[1], seen[2]
end
