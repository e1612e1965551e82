-- The amounts of a layby worked out anew from what they follow from: its payments and its late fees.
local amounts = require "layby.lib.amounts"

local M = {}

local FIELDS = { "late_fee", "total_fees", "total_paid", "balance_remaining" }

local function figures(layby)
  local list = { payment_due_on = layby.payment_due_on }
  for _, name in ipairs(FIELDS) do list[name] = layby[name].minor end
  return list
end

local function sum(type_name, layby)
  local total = money.of(0)
  for _, row in ipairs(record.list(type_name, { filter = { layby = layby.id }, limit = 5000 })) do total = total + row.amount end
  return total
end

---What the amounts are and what they should be; changes nothing that is stored.
---@param layby Record  is brought up to date, not saved
---@return table before
---@return table after  in minor units
function M.inspect(layby)
  local before = figures(layby)
  layby.total_paid, layby.late_fee = sum("layby.customer_layby_payment", layby), sum("layby.late_fee", layby)
  amounts.settle(layby, date.today())
  return before, figures(layby)
end

---Whether both say the same.
function M.agree(before, after)
  for _, name in ipairs(FIELDS) do if before[name] ~= after[name] then return false end end
  return before.payment_due_on == after.payment_due_on
end

return M
