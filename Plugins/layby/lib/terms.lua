-- The terms of a layby: those in force when it was made, for its whole life.
local M = {}

---What a layby keeps of the terms under which it is made.
---@param set table  what rules.get gave
---@return table terms  as JSON keeps it: percents as text, amounts in minor units
function M.snapshot(set)
  local fees, policies = set.fees, set.policies
  return {
    business_type = set.business_type,
    cancellation_fee_percent = tostring(fees.cancellation_fee_percent),
    late_fee = money.is(fees.late_fee_amount) and fees.late_fee_amount.minor or nil,
    reserve = policies.inventory.reserve, on_hold = policies.inventory.on_hold,
    refunds = policies.refunds.allowed, on_cancel = policies.refunds.on_cancel, on_default = policies.refunds.on_default,
    keep_start_fees = policies.refunds.keep_start_fees,
    auto_complete = set.automation.auto_complete,
    reminder_days = set.automation.reminder_days, overdue_notice_days = set.automation.overdue_notice_days,
    late_fee_after_days = set.automation.late_fee_after_days,
    default_after_missed = set.automation.default_after_missed, default_grace_days = set.automation.default_grace_days,
  }
end

---What an overdue period costs under the terms of the layby.
---@param layby Record
---@param days integer  overdue
---@return money
function M.late_fee(layby, days)
  local fixed = layby.terms.late_fee
  if fixed then return money.of(fixed) end
  local fees = rules.get("layby", layby.terms.business_type).fees
  local amount = fees.late_fee_amount
  if money.is(amount) then return amount end
  return amount({ layby_number = layby.layby_number, total_amount = layby.total_amount, balance_remaining = layby.balance_remaining }, days)
end

return M
