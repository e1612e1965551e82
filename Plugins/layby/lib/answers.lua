-- What the routes of laybys answer: the fields as they are published, and their values.
local plan = require "layby.lib.plan"

local M = {}

-- Whatever else keeps an order from being made keeps the layby from being completed.
local NO_ORDER = "The setting order_integration was off when it was completed."

M.ITEMS = {
  { "product", "integer", json = "productId" }, { "sku", "text" }, { "description", "text" }, { "quantity", "decimal" },
  { "unit_price", "money", json = "unitPrice" }, { "total", "money" },
}

---Fields of a layby in lists.
M.LAYBY = {
  { "id", "integer" }, { "layby_number", "text", json = "laybyNumber" }, { "branch", "integer", json = "businessId" },
  { "customer", "integer", json = "customerId" }, { "status", "text" }, { "currency", "text" },
  { "total_amount", "money", json = "totalAmount" }, { "deposit_amount", "money", json = "depositAmount" },
  { "balance_remaining", "money", json = "balanceRemaining" }, { "total_paid", "money", json = "totalPaid" },
  { "installment_amount", "money", json = "installmentAmount" },
  { "installment_frequency", "text", json = "installmentFrequency" }, { "installment_count", "integer", json = "installmentCount" },
  { "payment_due_on", "date", json = "paymentDueDate" },
  { "service_fee", "money", json = "serviceFee" }, { "late_fee", "money", json = "lateFee" },
  { "administration_fee", "money", json = "administrationFee" }, { "total_fees", "money", json = "totalFees" },
  { "items", "list", fields = M.ITEMS },
  { "items_released", "boolean", json = "itemsReleased" }, { "items_released_at", "instant", json = "itemsReleasedAt" },
  { "items_released_by", "integer", json = "itemsReleasedBy" },
  { "opened_by", "integer", json = "createdBy" }, { "opened_at", "instant", json = "createdAt" },
  { "updated_at", "instant", json = "updatedAt" }, { "completed_at", "instant", json = "completedAt" },
  { "cancelled_at", "instant", json = "cancelledAt" }, { "defaulted_at", "instant", json = "defaultedAt" },
  { "cancellation_fee", "money", json = "cancellationFee" }, { "forfeited_amount", "money", json = "forfeitedAmount" },
  { "refund_amount", "money", json = "refundAmount" },
  { "rule_version", "text", json = "ruleVersion" }, { "order_number", "text", json = "orderNumber" }, { "notes", "text" },
  { "version", "integer" }, { "archived", "boolean" },
}

M.PAYMENT = {
  { "id", "integer" }, { "layby", "integer", json = "laybyId" }, { "receipt_number", "text", json = "receiptNumber" },
  { "amount", "money" }, { "tendered", "money" }, { "payment_method", "text", json = "paymentMethod" },
  { "payment_reference", "text", json = "paymentReference" }, { "payment_date", "instant", json = "paymentDate" },
  { "processed_by", "integer", json = "processedBy" }, { "notes", "text" }, { "is_refund", "boolean", json = "isRefund" },
  { "refunded_payment", "integer", json = "refundedPaymentId" },
}

---Fields of one layby, with those of others that belong to it.
M.WHOLE = {}
for index, field in ipairs(M.LAYBY) do M.WHOLE[index] = field end
for _, field in ipairs {
  { "business", "object", fields = {
    { "id", "integer" }, { "code", "text" }, { "name", "text" }, { "business_type", "text", json = "type" },
  } },
  { "customer_facts", "object", json = "customer", fields = {
    { "id", "integer" }, { "name", "text" }, { "phone", "text" }, { "email", "text" },
  } },
  { "creator", "object", fields = { { "id", "integer" }, { "username", "text" } } },
  { "order_problem", "text", json = "orderProblem", description = "Why a completed layby has no sales order." },
  { "installments", "list", fields = {
    { "number", "integer" }, { "due_on", "date", json = "dueDate" }, { "amount", "money" }, { "paid", "money" },
  } },
  { "payments", "list", fields = M.PAYMENT },
} do M.WHOLE[#M.WHOLE + 1] = field end

---A layby as lists show it.
---@param layby Record
function M.layby(layby)
  layby.currency, layby.archived = tenant.currency, layby.archived or false
  return layby
end

---What a whole layby has of others.
local function add_others(answer, customer)
  answer.business = branch.find(answer.branch)
  answer.customer_facts = customer or record.find("catalog.customer", { id = answer.customer })
  local own = user.current()
  answer.creator = own.id == answer.opened_by and own or user.find(answer.opened_by) or { id = answer.opened_by }
  if answer.status == "COMPLETED" and not answer.order_number then answer.order_problem = NO_ORDER end
  return answer
end

---A layby of the archive, its amounts in minor units.
function M.archived(layby, payments)
  layby.currency, layby.payments = tenant.currency, payments
  return add_others(layby)
end

---The payments of a layby, oldest first.
function M.payments(layby)
  return record.list("layby.customer_layby_payment", { filter = { layby = layby.id }, order = { "id" }, limit = 500 })
end

---A layby with its business, customer, creator, instalments and payments.
---@param layby Record
---@param payments? Record[]  read if left out
---@param customer? Record    the same
function M.whole(layby, payments, customer)
  local answer = {}
  for name, value in pairs(M.layby(layby)) do answer[name] = value end
  add_others(answer, customer)
  answer.installments = plan.schedule(layby)
  answer.payments = payments or M.payments(layby)
  return answer
end

return M
