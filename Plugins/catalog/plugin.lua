return {
  name = "catalog", version = "1.0.0", title = "Products, customers and stock",
  publisher = "kontor", license = "MIT",
  api = "2026.1", kernel = ">=0.1 <2",
  depends = { ["accounting"] = "^1.0" },
  capabilities = { ledger = { post = { "*" } } },
  permissions = {
    { "catalog.view", title = "See products, customers and stock" },
    { "catalog.edit", title = "Change products and customers" },
    { "catalog.stock.move", title = "Receive, adjust and transfer stock" },
  },
  roles = {
    manager = { "catalog.view", "catalog.edit", "catalog.stock.move" },
    cashier = { "catalog.view" },
    accountant = { "catalog.view" },
  },
}
