-- expect: error
-- message: __mode is not available
-- The heap of a stock Lua 5.4.4 breaks on this at a memory limit.
return function()
  local function make()
    local t = setmetatable({}, { __mode = "kv" })
    return setmetatable({}, setmetatable({ __newindex = t }, { __mode = "kv" }))
  end
  local keep = {}
  for i = 1, 1e7 do
    local t = make()
    for k = 1, 64 do t[k] = { i } end
    keep[i] = { i }
  end
end
