return {
  type = "catalog.customer", title = "Customer", path = "customers",
  fields = {
    { "name", "text", required = true, max = 200 },
    { "phone", "text", max = 40, index = true },
    { "email", "text", max = 200 },
    { "active", "boolean", default = true },
  },
  permissions = { read = "catalog.view", write = "catalog.edit" },
  soft_delete = true,
  views = { list = { "name", "phone", "email", "active" } },
}
