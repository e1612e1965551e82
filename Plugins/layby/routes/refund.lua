local access = require "layby.lib.access"
local answers = require "layby.lib.answers"
local payments = require "layby.lib.payments"

return {
  method = "POST", path = "/api/laybys/{id}/payments/{pid}/refund", permission = "layby.refund",
  summary = "Refund a payment, or a part of it",
  params = { access.LAYBY, { "pid", "integer", required = true, min = 1, description = "The payment's id." } },
  input = {
    { "amount", "money", min = 1, description = "All that is left of the payment if left out." },
    { "notes", "text", max = 500 },
  },
  output = {
    { "payment", "object", json = "refund", fields = answers.PAYMENT }, { "receipt_number", "text", json = "receiptNumber" },
    { "balance_remaining", "money", json = "balanceRemaining" }, { "total_paid", "money", json = "totalPaid" },
    { "payment_due_on", "date", json = "paymentDueDate" }, { "status", "text" },
  },
  run = function(req)
    local layby = access.layby(req.params.id)
    local refund = payments.refund(layby, req.params.pid, req.body)
    return {
      payment = refund, receipt_number = refund.receipt_number, balance_remaining = layby.balance_remaining,
      total_paid = layby.total_paid, payment_due_on = layby.payment_due_on, status = layby.status,
    }
  end,
}
