local access = require "layby.lib.access"
local answers = require "layby.lib.answers"
local payments = require "layby.lib.payments"

return {
  method = "POST", path = "/api/laybys/{id}/payments", permission = "layby.pay", status = 201,
  summary = "Take a payment; what is above the balance becomes the customer's credit",
  params = { access.LAYBY },
  input = {
    { "amount", "money", required = true, min = 1, example = 5000 },
    { "payment_method", "text", json = "paymentMethod", default = "Cash", max = 40, example = "Cash" },
    { "payment_reference", "text", json = "paymentReference", max = 100 },
    { "notes", "text", max = 500 },
  },
  output = {
    { "payment", "object", fields = answers.PAYMENT }, { "receipt_number", "text", json = "receiptNumber" },
    { "balance_remaining", "money", json = "balanceRemaining" }, { "total_paid", "money", json = "totalPaid" },
    { "payment_due_on", "date", json = "paymentDueDate" }, { "status", "text" }, { "credited", "money" },
    { "order_number", "text", json = "orderNumber" }, { "completion_problem", "text", json = "completionProblem" },
  },
  run = function(req)
    local layby = access.layby(req.params.id)
    local payment, problem = payments.pay(layby, req.body)
    return {
      payment = payment, receipt_number = payment.receipt_number, balance_remaining = layby.balance_remaining,
      total_paid = layby.total_paid, payment_due_on = layby.payment_due_on, status = layby.status,
      credited = payment.tendered - payment.amount, order_number = layby.order_number, completion_problem = problem,
    }
  end,
}
