local sales = require "pos.lib.sales"

return {
  method = "GET", path = "/api/sales/{id}", permission = "pos.view",
  summary = "Read a sale with its lines, payments and receipt",
  params = { { "id", "integer", required = true, min = 1 } },
  output = {
    { "id", "integer" }, { "invoice_number", "text" }, { "status", "text" }, { "currency", "text" },
    { "business_date", "date" }, { "branch", "text" }, { "customer_type", "text" }, { "customer", "integer" },
    { "subtotal", "money" },
    { "taxes", "list", fields = { { "code", "text" }, { "base", "money" }, { "rate", "decimal" }, { "amount", "money" } } },
    { "tax_amount", "money" }, { "total", "money" }, { "paid", "money" }, { "change", "money" },
    { "tax_profile", "text" },
    { "lines", "list", fields = {
      { "sku", "text" }, { "description", "text" }, { "quantity", "decimal" }, { "unit_price", "money" },
      { "net", "money" }, { "tax", "money" }, { "total", "money" }, { "tax_category", "text" },
    } },
    { "payments", "list", fields = {
      { "method", "text" }, { "amount", "money" }, { "tendered", "money" }, { "reference", "text" },
    } },
    { "journal_entry", "object", fields = { { "id", "integer" }, { "number", "text" } } },
    { "receipt", "text" },
  },
  run = function(req)
    local sale = record.find("pos.sale", { id = req.params.id })
    if not sale or not user.is_member(sale.branch) then
      reject { code = "pos.sale_unknown", http = 404, message = "There is no sale " .. req.params.id .. " here." }
    end
    local entry = ledger.entries { source = { type = "pos.sale", id = sale.id }, limit = 1 }[1]
    local answer = sales.answer(sale, entry)
    answer.business_date = sale.business_date
    answer.branch = branch.get(sale.branch).code
    answer.customer_type, answer.customer = sale.customer_type, sale.customer
    answer.tax_profile, answer.lines, answer.payments = sale.tax_profile, sale.lines, sale.payments
    answer.receipt = sale.receipt
    return answer
  end,
}
