return {
  type = "catalog.stock_movement", title = "Stock movement", path = "stock-movements",
  fields = {
    { "product", "ref", to = "catalog.product", required = true },
    { "branch", "ref", to = "branch", required = true },
    { "quantity", "decimal", places = 3, required = true, description = "Signed: more on hand, or less." },
    { "reason", "enum", required = true,
      values = { "opening", "receipt", "sale", "return", "adjustment", "transfer", "reservation", "release" } },
    { "source_type", "text", max = 64 },
    { "source_id", "integer" },
    { "note", "text", max = 500 },
  },
  indexes = { { "product", "branch" } },
  permissions = { read = "catalog.view" },
  append_only = true,
  audit = false,
  views = { list = { "created_at", "product", "branch", "quantity", "reason" } },
}
