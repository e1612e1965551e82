return {
  id = "pos.payments", title = "Payment methods", key = "id", fallback = "standard",
  fields = {
    { "id", "text", required = true },
    { "methods", "list", required = true, min = 1, description = "What a customer can pay with.", fields = {
      { "name", "text", required = true, max = 40 },
      { "account", "text", required = true, description = "Code of the account that takes the money." },
      { "gives_change", "boolean", default = false },
    } },
  },
}
