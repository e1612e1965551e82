-- Laybys that end early: what is kept of the payments, what goes back, and the goods that go back on sale.
local amounts = require "layby.lib.amounts"
local credit = require "layby.lib.credit"
local goods = require "layby.lib.goods"
local parting = require "layby.lib.taxes"
local plan = require "layby.lib.plan"
local posting = require "layby.lib.posting"
local terms = require "layby.lib.terms"

local M = {}

local function least(a, b) return a < b and a or b end

---What becomes of what the customer has paid.
---@param layby Record
---@param outcome string REFUND, CREDIT or FORFEIT: what becomes of the rest after the fee
---@return table { held, fee, rest, forfeited, refund, credited }
function M.figures(layby, outcome)
  local set, none = terms.of(layby), money.of(0)
  local held = amounts.held(layby)
  local fee = layby.total_amount:mul(set.fees.cancellation_fee_percent:div(decimal.new(100), 6, "half_up"), "half_up")
  if set.policies.refunds.keep_start_fees then fee = fee + layby.service_fee + layby.administration_fee end
  fee = least(fee, held)
  local rest = held - fee
  return {
    held = held, fee = fee, rest = rest,
    forfeited = outcome == "FORFEIT" and rest or none, refund = outcome == "REFUND" and rest or none,
    credited = outcome == "CREDIT" and rest or none,
  }
end

---Gives back an amount payment by payment, the newest first, no more of each than is left of it.
---@return table[] { account, amount } of what was paid back
---@return money credited  of what had been paid from the customer's credit
local function give_back(layby, amount, to_credit, note)
  local payments = record.list("layby.customer_layby_payment", { filter = { layby = layby.id }, order = { "-id" } })
  local refunded = {}
  for _, one in ipairs(payments) do
    if one.is_refund and one.refunded_payment then
      refunded[one.refunded_payment] = (refunded[one.refunded_payment] or 0) - one.amount.minor
    end
  end
  local refunds, credited = {}, money.of(0)
  for _, one in ipairs(payments) do
    local part = least(amount, one.amount - money.of(refunded[one.id] or 0))
    if not one.is_refund and part.minor > 0 then
      local as_credit = to_credit or one.account == ""
      record.create("layby.customer_layby_payment", {
        layby = layby.id, branch = layby.branch, amount = -part, tendered = -part,
        payment_method = as_credit and credit.METHOD or one.payment_method,
        account = as_credit and "" or one.account, payment_date = date.now(), processed_by = user.current().id, notes = note,
        is_refund = true, refunded_payment = one.id,
      })
      if as_credit then credited = credited + part else refunds[#refunds + 1] = { account = one.account, amount = part } end
      amount = amount - part
    end
  end
  return refunds, credited
end

local function settle(layby, outcome, memo)
  local figures = M.figures(layby, outcome)
  local refunds, credited = {}, money.of(0)
  if outcome ~= "FORFEIT" then
    refunds, credited = give_back(layby, figures.rest, outcome == "CREDIT", memo)
    credit.add(layby.customer, credited)
    layby.total_paid = layby.total_paid - figures.rest
  end
  local income, taxes = parting.of_fees(layby, goods.products(layby), { cancellation = figures.fee, forfeit = figures.forfeited })
  local entry = posting.post(layby, "settlement", memo .. " " .. layby.layby_number, {
    held = figures.held, fee = figures.fee, forfeited = figures.forfeited, credited = credited, refunds = refunds,
    fee_net = income.cancellation, forfeited_net = income.forfeit, taxes = taxes,
  })
  layby.settlement_entry = entry and entry.id
  goods.release(layby)
  layby.cancellation_fee, layby.forfeited_amount = figures.fee, figures.forfeited
  layby.refund_amount = figures.refund + figures.credited
end

---The effect of the move to CANCELLED.
function M.cancel(layby)
  settle(layby, terms.of(layby).policies.refunds.on_cancel, "Layby cancelled")
  layby.status = "CANCELLED"
  layby.cancelled_at = date.now()
  layby.held_on = nil
  amounts.settle(layby)
end

---The effect of the move to DEFAULTED.
function M.default(layby)
  settle(layby, terms.of(layby).policies.refunds.on_default, "Layby defaulted")
  layby.status = "DEFAULTED"
  layby.defaulted_at = date.now()
  amounts.settle(layby)
end

---The effect of the move from DEFAULTED back to ACTIVE: the goods are put aside again while they are there, what was kept and
---credited counts as paid again, and what is due next is due in one period.
function M.reinstate(layby)
  if terms.reserves(layby) then goods.reserve(layby) end
  local credited = layby.refund_amount
  credit.take(layby.customer, credited)
  if credited.minor > 0 then
    record.create("layby.customer_layby_payment", {
      layby = layby.id, branch = layby.branch, amount = credited, tendered = credited,
      payment_method = credit.METHOD, account = "",
      payment_date = date.now(), processed_by = user.current().id, notes = "Default taken back",
    })
  end
  if layby.settlement_entry then
    ledger.reverse(layby.settlement_entry, { reason = "Default of layby " .. layby.layby_number .. " taken back" })
  end
  layby.status = "ACTIVE"
  layby.total_paid = layby.total_paid + credited
  layby.cancellation_fee, layby.forfeited_amount, layby.refund_amount = nil, nil, nil
  layby.defaulted_at, layby.settlement_entry = nil, nil
  amounts.postpone(layby, function() return plan.due_on(date.today(), layby.installment_frequency, 1) end)
end

return M
