-- What the daily run does for one layby: reminders, overdue notices, late fees, defaults, and completions that failed before.
-- Each is done once for an instalment, by rows that can be there only once; so a run that is repeated does nothing twice.
local actions = require "layby.lib.actions"
local amounts = require "layby.lib.amounts"
local goods = require "layby.lib.goods"
local notices = require "layby.lib.notices"
local parting = require "layby.lib.taxes"
local posting = require "layby.lib.posting"
local terms = require "layby.lib.terms"

local M = {}

---The action of a kind whose day came last; earlier ones that were missed are left out.
local function latest(days, kind, today)
  local found
  for _, day in ipairs(days) do
    if day.kind == kind and day.on <= today and (not found or day.on > found.on) then found = day end
  end
  return found
end

---Charges the late fee of the overdue period that began with this due date, unless that is done.
---@return integer count
local function charge_late_fee(layby, due_on, today)
  if record.exists("layby.late_fee", { layby = layby.id, due_on = due_on }) then return 0 end
  local fee, held = terms.late_fee(layby, date.diff(due_on, today)), amounts.held(layby)
  if held < fee then fee = held end
  record.create("layby.late_fee", { layby = layby.id, due_on = due_on, amount = fee, charged_at = date.now() })
  if fee.minor == 0 then return 0 end
  local income, taxes = parting.of_fees(layby, goods.products(layby), { late = fee })
  posting.post(layby, "late_fee", "Late fee of layby " .. layby.layby_number, { amount = fee, net = income.late, taxes = taxes })
  layby.late_fee = layby.late_fee + fee
  amounts.settle(layby)
  notices.send(layby, "LATE_FEE", due_on, 0, { fee = fee })
  return 1
end

---Does what is due for a layby.
---@param layby Record
---@return table<string, integer> counts  of reminders, overdue_notices, late_fees, defaults, completions
function M.process(layby)
  local counts, today = {}, date.today()
  if layby.status ~= "ACTIVE" then
    layby.action_on = nil
    layby:save()
    return counts
  end
  if layby.balance_remaining.minor == 0 then
    layby:move("COMPLETED", "Automation")
    counts.completions = 1
    return counts
  end
  local days, due_on = actions.days(layby), layby.payment_due_on
  if due_on >= today then
    local reminder = latest(days, "REMINDER", today)
    if reminder then counts.reminders = notices.send(layby, "REMINDER", due_on, reminder.days) end
  else
    local overdue = latest(days, "OVERDUE", today)
    if overdue then counts.overdue_notices = notices.send(layby, "OVERDUE", due_on, overdue.days) end
    if latest(days, "LATE_FEE", today) then counts.late_fees = charge_late_fee(layby, due_on, today) end
    if latest(days, "DEFAULT", today) then
      layby:move("DEFAULTED", "Automation: payments missed")
      notices.send(layby, "DEFAULT", due_on, 0)
      counts.defaults = 1
      return counts
    end
  end
  amounts.settle(layby, today)
  layby:save()
  return counts
end

return M
