local sales = require "pos.lib.sales"

return {
  method = "POST", path = "/api/sales", permission = "pos.sell", status = 201,
  summary = "Sell: price, tax, take payment, move stock and post, all in one",
  input = {
    { "branch", "text", required = true, max = 32, example = "ACC-01", description = "The branch's code." },
    { "customer_type", "enum", values = { "Walk-in", "Retail", "Wholesale" }, default = "Walk-in" },
    { "customer", "ref", to = "catalog.customer" },
    { "date", "date", description = "The business date; today if left out." },
    { "lines", "list", required = true, min = 1, max = 1000, fields = {
      { "sku", "text", required = true, max = 64, example = "RICE-5KG" },
      { "quantity", "decimal", required = true, example = 2 },
    } },
    { "payments", "list", required = true, min = 1, max = 20, fields = {
      { "method", "text", required = true, max = 40, example = "Cash" },
      { "amount", "money", min = 0, description = "What is left to pay if left out." },
      { "reference", "text", max = 100 },
    } },
  },
  output = {
    { "id", "integer" }, { "invoice_number", "text" }, { "status", "text" }, { "currency", "text" },
    { "subtotal", "money" },
    { "taxes", "list", fields = { { "code", "text" }, { "base", "money" }, { "rate", "decimal" }, { "amount", "money" } } },
    { "tax_amount", "money" }, { "total", "money" }, { "paid", "money" }, { "change", "money" },
    { "journal_entry", "object", fields = { { "id", "integer" }, { "number", "text" } } },
  },
  run = function(req) return sales.sell(req.body) end,
}
