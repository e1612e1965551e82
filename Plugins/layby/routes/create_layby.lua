local answers = require "layby.lib.answers"
local creation = require "layby.lib.creation"

return {
  method = "POST", path = "/api/laybys", permission = "layby.create", status = 201,
  summary = "Make a layby by the rules of the business's type, and take its deposit",
  input = {
    { "business", "integer", json = "businessId", required = true, min = 1, example = 1, description = "The branch's id." },
    { "customer", "integer", json = "customerId", required = true, min = 1, example = 1 },
    { "items", "list", required = true, max = 1000, fields = {
      { "product_id", "integer", json = "productId", min = 1, example = 1 },
      { "sku", "text", max = 64, description = "In place of productId." },
      { "quantity", "decimal", required = true, example = 1 },
    } },
    { "deposit_amount", "money", json = "depositAmount", min = 0, description = "The rules' default percentage if left out." },
    { "deposit_percent", "percent", json = "depositPercent", description = "In place of an amount." },
    { "installment_frequency", "enum", json = "installmentFrequency", values = { "WEEKLY", "FORTNIGHTLY", "MONTHLY" } },
    { "installment_count", "integer", json = "installmentCount", min = 1, max = 400,
      description = "As many as the duration allows if left out." },
    { "duration_days", "integer", json = "durationDays", min = 1, max = 1095,
      description = "The longest that the rules allow if left out." },
    { "payment_method", "text", json = "paymentMethod", default = "Cash", max = 40, example = "Cash", description = "Of the deposit." },
    { "payment_reference", "text", json = "paymentReference", max = 100 },
    { "notes", "text", max = 2000 },
  },
  output = answers.WHOLE,
  run = function(req)
    local layby, deposit, customer = creation.create(req.body)
    return answers.whole(layby, { deposit }, customer)
  end,
}
