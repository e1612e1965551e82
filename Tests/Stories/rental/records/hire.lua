return {
  type = "rental.hire", title = "Hire", path = "rental-hires",
  fields = {
    { "number", "text", readonly = true },
    { "asset", "ref", to = "rental.asset", required = true, index = true },
    { "customer", "text", required = true, max = 100 },
    { "out_on", "date", required = true },
    { "due_on", "date", required = true, index = true },
    { "returned_on", "date" },
    { "fee", "money", required = true, min = 0 },
    { "late_fee", "money", min = 0 },
    { "rules", "text", required = true, description = "The fee rules under which it was made, as path@version." },
    { "status", "enum", values = { "OUT", "OVERDUE", "RETURNED" }, default = "OUT", index = true },
  },
  number = { series = "rental.hire" },
  permissions = { read = "rental.view" },
  views = { list = { "number", "asset", "customer", "due_on", "status" } },
}
