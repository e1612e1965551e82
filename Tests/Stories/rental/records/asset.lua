return {
  type = "rental.asset", title = "Equipment", path = "rental-assets",
  fields = {
    { "code", "text", required = true, unique = true, max = 40 },
    { "title", "text", required = true, max = 100 },
    { "daily_rate", "money", required = true, min = 0 },
    { "status", "enum", values = { "IN", "OUT" }, default = "IN" },
  },
  permissions = { read = "rental.view", write = "rental.edit" },
  views = { list = { "code", "title", "daily_rate", "status" } },
}
