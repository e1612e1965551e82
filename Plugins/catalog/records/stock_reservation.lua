-- Goods that are put aside for somebody: no longer for sale, still in the house.
return {
  type = "catalog.stock_reservation", title = "Stock reservation", path = "stock-reservations",
  fields = {
    { "product", "ref", to = "catalog.product", required = true },
    { "branch", "ref", to = "branch", required = true },
    { "quantity", "decimal", places = 3, required = true, min = 0 },
    { "status", "enum", values = { "HELD", "RELEASED", "DEDUCTED" }, required = true,
      description = "HELD is put aside; RELEASED went back on sale; DEDUCTED was handed over." },
    { "source_type", "text", required = true, max = 64 },
    { "source_id", "integer", required = true },
  },
  indexes = { { "source_type", "source_id" }, { "product", "branch" } },
  permissions = { read = "catalog.view" },
  audit = false,       -- each change of what is for sale has its movement
  views = { list = { "product", "branch", "quantity", "status" } },
}
