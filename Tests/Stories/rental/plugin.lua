return {
  name = "rental", version = "1.0.0", title = "Equipment rental",
  publisher = "rentals.example", license = "MIT",
  api = "2026.1", kernel = ">=0.1 <2",
  depends = { accounting = "^1.0" },
  capabilities = { ledger = { post = { "1000", "4100" } } },
  permissions = {
    { "rental.view", title = "See equipment and what is out" },
    { "rental.edit", title = "Change equipment and prices" },
    { "rental.hire", title = "Hand equipment out and take it back" },
  },
  roles = {
    manager = { "rental.view", "rental.edit", "rental.hire" },
    cashier = { "rental.view", "rental.hire" },
  },
  series = { { name = "rental.hire", format = "RNT-{year}-{seq:5}", reset = "year" } },
}
