-- What a customer has beside what the catalogue knows: whether laybys are open to them, and what they are owed.
return {
  type = "layby.customer_credit", title = "Customer credit", path = "customer-credits",
  fields = {
    { "customer", "ref", to = "catalog.customer", json = "customerId", required = true, unique = true },
    { "balance", "money", default = 0, min = 0, description = "What the customer can still spend or be paid." },
  },
  permissions = { read = "layby.view" },
  add_to = { ["catalog.customer"] = { { "allow_layby", "boolean", default = false, json = "allowLayby" } } },
  views = { list = { "customer", "balance" } },
}
