-- Laybys that were completed long ago move to the archive, their payments with them, and stay readable.
local M = {}

-- So many laybys in a step.
local SLICE = 3

---A record's fields as JSON keeps them.
local function plain(row)
  local copy = {}
  for name, value in pairs(row) do
    if money.is(value) then
      copy[name] = value.minor
    elseif decimal.is(value) then
      copy[name] = tostring(value)
    elseif type(value) == "table" then
      copy[name] = plain(value)
    else
      copy[name] = value
    end
  end
  return copy
end

---Takes the rows of a layby out of a table, the newest first, since refunds name payments.
---@return table[] as JSON keeps them
local function take_out(type_name, layby)
  local taken = {}
  for index, row in ipairs(record.list(type_name, { filter = { layby = layby.id }, order = { "-id" }, limit = 5000 })) do
    taken[index] = plain(row)
    record.delete(type_name, row.id)
  end
  return taken
end

---Moves the next laybys that were completed before a day.
---@param before string
---@return integer count
function M.step(before)
  local rows = record.list("layby.customer_layby", {
    filter = { status = "COMPLETED", completed_at = { lt = before .. "T00:00:00.000Z" } }, order = { "completed_at" }, limit = SLICE,
    lines = true,
  })
  for _, layby in ipairs(rows) do
    take_out("layby.notice", layby)
    record.create("layby.archived_layby", {
      layby_id = layby.id, layby_number = layby.layby_number, branch = layby.branch, customer = layby.customer,
      completed_at = layby.completed_at, layby = plain(layby), payments = take_out("layby.customer_layby_payment", layby),
      late_fees = take_out("layby.late_fee", layby),
    })
    record.delete("layby.customer_layby", layby.id)
  end
  return #rows
end

---A layby of the archive, as routes answer it; nil where there is none.
---@return table? layby
---@return table[]? payments
function M.find(id)
  local kept = record.find("layby.archived_layby", { layby_id = id })
  if not kept then return nil end
  kept.layby.archived = true
  return kept.layby, kept.payments
end

return M
