-- When instalments are due, and how much each is. The due dates are counted from `plan_from`, which moves on by the days that
-- a layby was on hold; the amounts are what is left after the deposit, split so that they add up exactly.
local M = {}

local STEP = { WEEKLY = { days = 7 }, FORTNIGHTLY = { days = 14 }, MONTHLY = { months = 1 } }

---The due date of an instalment.
---@param from string  the day that is counted from
---@param frequency string
---@param number integer from 1
function M.due_on(from, frequency, number)
  local step = STEP[frequency]
  if step.months then return date.add(from, { months = step.months * number }) end
  return date.add(from, { days = step.days * number })
end

---From which day on to count, so that an instalment is due on `wanted`.
function M.from(wanted, frequency, number)
  local step = STEP[frequency]
  if step.months then return date.add(wanted, { months = -step.months * number }) end
  return date.add(wanted, { days = -step.days * number })
end

---How many instalments there are in so many days, at least one.
function M.count(from, frequency, days)
  local step = STEP[frequency]
  if step.days then return math.max(1, days // step.days) end
  local last, number = date.add(from, { days = days }), 0
  while M.due_on(from, frequency, number + 1) <= last do number = number + 1 end
  return math.max(1, number)
end

---The amounts, which add up to what is to be paid after the deposit.
---@param layby table  total_amount, service_fee, administration_fee, deposit_amount, installment_count
---@return money[]
function M.amounts(layby)
  if layby.installment_count == 0 then return {} end
  return (layby.total_amount + layby.service_fee + layby.administration_fee - layby.deposit_amount):split(layby.installment_count)
end

---The instalments with what of each is paid. Late fees come last.
---@return table[] { number, due_on, amount, paid }
function M.schedule(layby)
  local left, list = layby.total_paid - layby.deposit_amount, {}
  local none = left - left
  for number, amount in ipairs(M.amounts(layby)) do
    local paid = left < none and none or left < amount and left or amount
    list[number] = {
      number = number, due_on = M.due_on(layby.plan_from, layby.installment_frequency, number), amount = amount, paid = paid,
    }
    left = left - amount
  end
  return list
end

---The first instalment that is not paid, the last one while late fees are open; nil when nothing is.
---@return string? due_on
---@return integer? number
function M.next_due(layby)
  if layby.balance_remaining.minor <= 0 then return nil end
  local covered = layby.deposit_amount.minor
  local next_number = math.max(1, layby.installment_count)
  for number, amount in ipairs(M.amounts(layby)) do
    covered = covered + amount.minor
    if layby.total_paid.minor < covered then
      next_number = number
      break
    end
  end
  return M.due_on(layby.plan_from, layby.installment_frequency, next_number), next_number
end

---The day on which so many payments, from this instalment on, have been missed.
function M.missed_on(layby, number, count, grace_days)
  local last = M.due_on(layby.plan_from, layby.installment_frequency, number + count - 1)
  return date.add(last, { days = grace_days + 1 })
end

return M
