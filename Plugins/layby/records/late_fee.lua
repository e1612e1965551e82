return {
  type = "layby.late_fee", title = "Late fee",
  fields = {
    { "layby", "ref", to = "layby.customer_layby", required = true },
    { "due_on", "date", required = true, description = "The due date that was missed: one fee for each." },
    { "amount", "money", required = true, min = 0 },
    { "charged_at", "instant", required = true },
  },
  indexes = { { "layby", "due_on", unique = true } },
  permissions = { read = "layby.view" },
}
