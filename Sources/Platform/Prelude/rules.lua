-- rules: a rule set as a table whose functions are called in a run of their own.
local kernel = ...
local host = kernel.host.rules

local M = {}

---The table that holds the end of a dotted path, and the last key: made on the way where it is not there.
local function locate(values, path)
  local at, last = values, nil
  for part in path:gmatch("[^.]+") do
    if last then
      at[last] = at[last] or {}
      at = at[last]
    end
    last = math.tointeger(tonumber(part)) or part
  end
  return at, last
end

---What was loaded as scripts see it: `call` runs one of its functions.
local function shaped(loaded, call)
  local values = loaded.values
  values.version = loaded.version
  for _, path in ipairs(loaded.amounts) do
    local at, last = locate(values, path)
    at[last] = money.parse(at[last])
  end
  for _, path in ipairs(loaded.functions) do
    local at, last = locate(values, path)
    at[last] = function(...) return call(path, ...) end
  end
  return values
end

---The rule set in force for a contract and a key; the contract's fallback where the key has none.
---Its `version` tells which one it was.
function M.get(contract, key)
  local loaded = host.load(contract, key)
  return shaped(loaded, function(path, ...) return host.call(contract, loaded.key, path, ...) end)
end

---The rule set of a version as `get` told it, whatever is in force now.
function M.at(contract, version)
  return shaped(host.load_version(contract, version), function(path, ...) return host.call_version(contract, version, path, ...) end)
end

kernel.global("rules", M)
