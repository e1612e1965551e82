-- tenant, branch and user: facts, fetched once in a run when they are first asked for.
local kernel = ...
local host = kernel.host

local facts
kernel.global("tenant", kernel.setmetatable({}, {
  __index = function(_, key)
    facts = facts or host.tenant.facts()
    return facts[key]
  end,
  __newindex = function(_, key) error("tenant." .. tostring(key) .. " cannot be set", 2) end,
  __metatable = false,
}))

local branches = {}
local branch = { list = host.branch.list }

---The branch with this code or id, or nil.
function branch.find(key)
  local found = branches[key]
  if found == nil then
    found = host.branch.find(key) or false
    branches[key] = found
  end
  return found or nil
end

---The branch with this code or id; raises where there is none.
function branch.get(key)
  return branch.find(key) or error("there is no branch " .. tostring(key), 2)
end

kernel.global("branch", branch)
