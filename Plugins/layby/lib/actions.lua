-- When the automation has something to do for a layby. Only those with such a day are ever looked at.
local plan = require "layby.lib.plan"
local terms = require "layby.lib.terms"

local M = {}

---The days on which something is due for a layby: { on, kind, days }, in no order.
---@return table[]
function M.days(layby)
  local automation, list = terms.of(layby).automation, {}
  local due_on, number = plan.next_due(layby)
  if not due_on then return list end
  local function add(days, kind) list[#list + 1] = { on = date.add(due_on, { days = days }), kind = kind, days = math.abs(days) } end
  for _, days in ipairs(automation.reminder_days) do add(-days, "REMINDER") end
  for _, days in ipairs(automation.overdue_notice_days) do add(math.max(1, days), "OVERDUE") end
  add(automation.late_fee_after_days, "LATE_FEE")
  list[#list + 1] = {
    on = plan.missed_on(layby, number, automation.default_after_missed, automation.default_grace_days), kind = "DEFAULT", days = 0,
  }
  return list
end

---The next day on which the automation has something to do; nil for never.
---@param seen_on? string  the last day whose actions are done
function M.next_on(layby, seen_on)
  if layby.status ~= "ACTIVE" then return nil end
  if layby.balance_remaining.minor == 0 then
    -- All is paid: it is completed by itself where its terms say so, and tried again where that failed.
    if not terms.of(layby).automation.auto_complete then return nil end
    return seen_on and date.add(seen_on, { days = 1 }) or date.today()
  end
  local first
  for _, day in ipairs(M.days(layby)) do
    if (not seen_on or day.on > seen_on) and (not first or day.on < first) then first = day.on end
  end
  return first
end

return M
