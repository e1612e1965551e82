-- Who may take laybys: the flag allowLayby of the catalogue's customers, switched on for all active ones at once.
local M = {}

local WAITING = { active = true, x_layby_allow_layby = false }

---Switches it on for the next customers.
---@return integer count
function M.step(limit)
  local rows = record.list("catalog.customer", { filter = WAITING, order = { "id" }, limit = limit })
  for _, customer in ipairs(rows) do record.update("catalog.customer", customer.id, { x_layby_allow_layby = true }) end
  return #rows
end

---How many are left.
function M.waiting() return record.count("catalog.customer", WAITING) end

---Writes down that it was done: one row, and one row of the audit trail, with the count.
function M.note(count, reason) record.create("layby.customer_enabling", { customers = count, reason = reason }) end

return M
