return {
  type = "catalog.stock_level", title = "Stock on hand", path = "stock-levels",
  fields = {
    { "product", "ref", to = "catalog.product", required = true },
    { "branch", "ref", to = "branch", required = true },
    { "quantity", "decimal", places = 3, default = "0", min = 0, description = "What can be sold." },
    { "reserved", "decimal", places = 3, default = "0", min = 0, description = "What is put aside: on hand, and not for sale." },
  },
  indexes = { { "product", "branch", unique = true } },
  permissions = { read = "catalog.view" },
  audit = false,       -- each change has its movement
  views = { list = { "product", "branch", "quantity", "reserved" } },
}
