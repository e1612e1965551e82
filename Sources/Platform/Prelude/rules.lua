-- rules: a rule set as a table whose functions are called in a run of their own.
local kernel = ...
local host = kernel.host.rules

local M = {}

local function place(values, path, fn)
  local at = values
  local last
  for part in path:gmatch("[^.]+") do
    if last then
      at[last] = at[last] or {}
      at = at[last]
    end
    last = math.tointeger(part) or part
  end
  at[last] = fn
end

---The rule set in force for a contract and a key; the contract's fallback where the key has none.
---Its `version` tells which one it was.
function M.get(contract, key)
  local loaded = host.load(contract, key)
  local values = loaded.values
  values.version = loaded.version
  for _, path in ipairs(loaded.functions) do
    place(values, path, function(...) return host.call(contract, loaded.key, path, ...) end)
  end
  return values
end

kernel.global("rules", M)
