-- What the amounts of a layby say of each other.
local plan = require "layby.lib.plan"
local actions = require "layby.lib.actions"

local M = {}

---Brings what follows from others up to date: fees, balance, due date, and when the automation looks at it next.
---@param layby Record
---@param seen_on? string  the last day whose actions are done
function M.settle(layby, seen_on)
  layby.total_fees = layby.service_fee + layby.late_fee + layby.administration_fee
  layby.balance_remaining = layby.total_amount + layby.total_fees - layby.total_paid
  local is_open = layby.status == "ACTIVE" or layby.status == "ON_HOLD"
  layby.payment_due_on = is_open and plan.next_due(layby) or nil
  layby.action_on = actions.next_on(layby, seen_on)
end

---Moves the plan so that what is due next is due on another day.
---@param layby Record  one that is ACTIVE
---@param wanted fun(due_on: string): string
function M.postpone(layby, wanted)
  M.settle(layby)
  local due_on, number = plan.next_due(layby)
  if not due_on then return end
  layby.plan_from = plan.from(wanted(due_on), layby.installment_frequency, number)
  M.settle(layby)
end

---What of the payments is still owed to the customer: all but the late fees, which were charged.
function M.held(layby) return layby.total_paid - layby.late_fee end

return M
