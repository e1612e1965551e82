-- Laybys that were made to try things out, told by their number: removed without a trace in stock, credit and books. Only a
-- sandbox lets go of what stands in the books.
local credit = require "layby.lib.credit"
local goods = require "layby.lib.goods"

local M = {}

M.PREFIX = "LAY-TEST"

local TYPE = "layby.customer_layby"

local function source(layby) return { type = TYPE, id = layby.id } end

---Takes out of the books what all entries of a layby come to.
local function undo_entries(layby)
  local sums, order = {}, {}
  for _, entry in ipairs(ledger.entries { source = source(layby), limit = 1000 }) do
    for _, line in ipairs(entry.lines) do
      if not sums[line.account] then
        sums[line.account], order[#order + 1] = money.of(0), line.account
      end
      sums[line.account] = sums[line.account] + (line.debit or money.of(0)) - (line.credit or money.of(0))
    end
  end
  local lines = {}
  for _, account in ipairs(order) do
    local sum = sums[account]
    if sum.minor ~= 0 then
      lines[#lines + 1] = sum:is_negative() and { account = account, debit = -sum } or { account = account, credit = sum }
    end
  end
  if #lines > 0 then
    ledger.post {
      kind = "layby", memo = "Trial " .. layby.layby_number .. " removed", source = source(layby),
      dimensions = { branch = layby.branch }, lines = lines,
    }
  end
end

---What the payments of a layby brought into the customer's credit; below zero for what they took from it.
local function credited(payments)
  local sum = money.of(0)
  for _, one in ipairs(payments) do
    sum = sum + (one.account == "" and -one.tendered or one.tendered - one.amount)
  end
  return sum
end

local function undo_credit(layby, payments)
  local sum = credited(payments)
  if sum:is_negative() then credit.add(layby.customer, -sum) else credit.take(layby.customer, sum) end
end

---Removes a layby. Outside a sandbox it is refused where anything of it was posted.
---@param layby Record with its items
function M.remove(layby)
  local payments = record.list("layby.customer_layby_payment", { filter = { layby = layby.id }, order = { "-id" }, limit = 5000 })
  if tenant.sandbox then
    undo_entries(layby)
    undo_credit(layby, payments)
    if layby.status == "COMPLETED" then goods.take_back(layby) else goods.release(layby) end
  elseif #ledger.entries { source = source(layby), limit = 1 } > 0 then
    reject { code = "layby.posted", http = 409, field = "laybyNumber",
      message = layby.layby_number .. " stands in the books; it can be cancelled, not removed." }
  end
  for _, kind in ipairs { "layby.notice", "layby.late_fee" } do
    for _, row in ipairs(record.list(kind, { filter = { layby = layby.id } })) do record.delete(kind, row.id) end
  end
  for _, row in ipairs(payments) do record.delete("layby.customer_layby_payment", row.id) end
  record.delete(TYPE, layby.id)
end

return M
