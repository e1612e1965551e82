return {
  name = "accounting", version = "1.0.0", title = "Chart of accounts",
  publisher = "kontor", license = "MIT",
  api = "2026.1", kernel = ">=0.1 <2",
  capabilities = { ledger = { post = { "*" }, read = { "*" } } },
}
