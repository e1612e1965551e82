-- Payments of laybys and their refunds: rows that are never changed, amounts that follow, and the journal entry.
local access = require "layby.lib.access"
local amounts = require "layby.lib.amounts"
local credit = require "layby.lib.credit"
local posting = require "layby.lib.posting"
local terms = require "layby.lib.terms"

local refuse = access.refuse
local M = {}

---The code of the account that takes what is paid by a method; empty for the customer's credit.
local function account_of(method)
  if method == credit.METHOD then return "" end
  local names = {}
  for index, one in ipairs(rules.get("pos.payments").methods) do
    if one.name == method then return one.account end
    names[index] = one.name
  end
  refuse("layby.payment_method_unknown", "paymentMethod", "“" .. tostring(method) .. "” is not a payment method here; there are "
    .. table.concat(names, ", ") .. ", " .. credit.METHOD .. ".")
end

---Writes a payment and posts it; the layby's own amounts are the caller's.
---@param input table amount, payment_method, payment_reference, notes
---@param applied money what counts for the layby; the rest becomes the customer's credit
---@return Record payment
function M.take(layby, input, applied)
  local account = account_of(input.payment_method)
  local credited = input.amount - applied
  if account == "" then
    if credited.minor > 0 then
      refuse("layby.overpaid_from_credit", "amount", "Only " .. applied:format() .. " is due; no more is taken from the customer's credit.")
    end
    credit.take(layby.customer, input.amount)
  end
  credit.add(layby.customer, credited)
  local payment = record.create("layby.customer_layby_payment", {
    receipt_number = sequence.next("layby.receipt"),
    layby = layby.id, branch = layby.branch, amount = applied, tendered = input.amount, payment_method = input.payment_method,
    account = account, payment_reference = input.payment_reference,
    payment_date = date.now(), processed_by = user.current().id, notes = input.notes,
    is_refund = false,
  })
  posting.post(layby, "payment", "Payment " .. payment.receipt_number .. " of layby " .. layby.layby_number, {
    account = account, tendered = input.amount, applied = applied, credited = credited, from_credit = account == "",
  })
  return payment
end

---Completes a layby that is paid, where its terms say so. Where that cannot be done now, the payment stays and the automation
---tries again every day.
---@return string? problem why it was not completed
local function complete_if_paid(layby)
  if layby.status ~= "ACTIVE" or layby.balance_remaining.minor > 0 or not terms.of(layby).automation.auto_complete then return nil end
  local ok, problem = pcall(layby.move, layby, "COMPLETED", "All is paid")
  if ok then return nil end
  local message = type(problem) == "table" and problem.message or tostring(problem)
  log.warn("Automation: layby not completed", { layby = layby.layby_number, problem = message })
  return message
end

---Takes a payment for a layby. What is above the balance becomes the customer's credit.
---@param layby Record
---@param input table amount, payment_method, payment_reference, notes
---@return Record payment
---@return string? problem why it was not completed by itself
function M.pay(layby, input)
  access.require_status(layby, "a payment", "ACTIVE", "ON_HOLD")
  if input.amount.minor <= 0 then refuse("layby.amount_not_positive", "amount", "The amount must be above zero.") end
  if layby.balance_remaining.minor == 0 then
    refuse("layby.nothing_due", "amount", "Nothing is left to pay of " .. layby.layby_number .. ".", 409)
  end
  local applied = input.amount < layby.balance_remaining and input.amount or layby.balance_remaining
  local payment = M.take(layby, input, applied)
  layby.total_paid = layby.total_paid + applied
  amounts.settle(layby)
  layby:save()
  local problem = complete_if_paid(layby)
  return payment, problem
end

---What of a payment has not been refunded yet.
---@return money
function M.refundable(payment)
  local left = payment.amount
  for _, one in ipairs(record.list("layby.customer_layby_payment", { filter = { refunded_payment = payment.id } })) do
    left = left + one.amount
  end
  return left
end

---Refunds a payment, all that is left of it or a part: a row of its own that names it.
---@param layby Record
---@param payment_id integer
---@param input table amount?, notes?
---@return Record refund
function M.refund(layby, payment_id, input)
  access.require_status(layby, "a refund", "ACTIVE", "ON_HOLD")
  if not terms.of(layby).policies.refunds.allowed then
    refuse("layby.refunds_not_allowed", "id", "The terms of this layby allow no refunds.", 409)
  end
  local payment = record.find("layby.customer_layby_payment", { id = payment_id, layby = layby.id })
  if not payment then refuse("layby.payment_not_found", "pid", "There is no such payment of " .. layby.layby_number .. ".", 404) end
  if payment.is_refund then refuse("layby.refund_of_refund", "pid", "That is a refund itself.") end
  local left = M.refundable(payment)
  local amount = input.amount or left
  if amount.minor <= 0 or amount > left then
    refuse("layby.refund_too_high", "amount", "Of " .. payment.amount:format() .. " only " .. left:format() .. " is left to refund.")
  end
  if amount > amounts.held(layby) then
    refuse("layby.refund_too_high", "amount", "Only " .. amounts.held(layby):format() .. " of the payments is not taken by fees.")
  end
  local to_credit = payment.account == ""
  if to_credit then credit.add(layby.customer, amount) end
  local refund = record.create("layby.customer_layby_payment", {
    receipt_number = sequence.next("layby.receipt"),
    layby = layby.id, branch = layby.branch, amount = -amount, tendered = -amount, payment_method = payment.payment_method,
    account = payment.account,
    payment_date = date.now(), processed_by = user.current().id, notes = input.notes, is_refund = true, refunded_payment = payment.id,
  })
  posting.post(layby, "refund", "Refund " .. refund.receipt_number .. " of layby " .. layby.layby_number, {
    account = payment.account, amount = amount, to_credit = to_credit,
  })
  layby.total_paid = layby.total_paid - amount
  amounts.settle(layby)
  layby:save()
  return refund
end

return M
