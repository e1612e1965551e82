return {
  type = "layby.customer_enabling", title = "Customers allowed to take laybys",
  fields = {
    { "customers", "integer", required = true, min = 0, description = "How many were switched on." },
    { "reason", "text", max = 500 },
  },
  permissions = { read = "layby.configure" },
  append_only = true,
}
