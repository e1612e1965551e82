return {
  name = "pos", version = "1.0.0", title = "Point of sale",
  publisher = "kontor", license = "MIT",
  api = "2026.1", kernel = ">=0.1 <2",
  depends = { ["catalog"] = "^1.0" },
  capabilities = {
    record = { read = { "catalog.product", "catalog.stock_level", "catalog.customer" },
               write = { "catalog.stock_level", "catalog.stock_movement" } },
    ledger = { post = { "*" } },
    -- Who may sell needs no right of its own to the products.
    elevate = { "catalog.view" },
  },
  settings = {
    { key = "receipt_header", type = "text", default = "", title = "First line of each receipt" },
    { key = "receipt_footer", type = "text", default = "Thank you.", title = "Last line of each receipt" },
  },
  permissions = {
    { "pos.view", title = "See sales" },
    { "pos.sell", title = "Sell" },
    { "pos.backdate", title = "Sell with an earlier business date" },
  },
  roles = {
    manager = { "pos.view", "pos.sell", "pos.backdate" },
    cashier = { "pos.view", "pos.sell" },
    accountant = { "pos.view" },
  },
  series = {
    { name = "pos.sale", format = "INV-{year}-{seq:6}", reset = "year" },
  },
}
