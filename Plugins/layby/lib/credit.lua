-- What a customer is owed: overpayments, and what is left of laybys that ended early.
local M = {}

M.METHOD = "Customer Credit"

---@return money
function M.balance(customer)
  local row = record.find("layby.customer_credit", { customer = customer })
  return row and row.balance or money.of(0)
end

function M.add(customer, amount)
  if amount.minor == 0 then return end
  local row = record.find("layby.customer_credit", { customer = customer })
  if row then
    record.update("layby.customer_credit", row.id, { balance = row.balance + amount })
  else
    record.create("layby.customer_credit", { customer = customer, balance = amount })
  end
end

---Takes from it; refuses where so much is not there.
function M.take(customer, amount)
  if amount.minor == 0 then return end
  local row = record.find("layby.customer_credit", { customer = customer })
  local balance = row and row.balance or money.of(0)
  if balance < amount then
    reject { code = "layby.credit_too_low", field = "paymentMethod", http = 409, params = { balance = balance.minor },
      message = "The customer has " .. balance:format() .. " in credit, " .. amount:format() .. " is wanted." }
  end
  record.update("layby.customer_credit", row.id, { balance = balance - amount })
end

return M
