return {
  type = "layby.notice", title = "Layby notice",
  fields = {
    { "layby", "ref", to = "layby.customer_layby", required = true },
    { "kind", "enum", values = { "REMINDER", "OVERDUE", "LATE_FEE", "DEFAULT" }, required = true },
    { "due_on", "date", required = true, description = "Of the instalment that it is about." },
    { "days", "integer", required = true, description = "Before or after the due date, as the terms say." },
    { "mail", "boolean", default = false },
    { "message", "boolean", default = false },
    { "sent_at", "instant", required = true },
  },
  indexes = { { "layby", "due_on", "kind", "days", unique = true } },
  permissions = { read = "layby.view" },
  audit = false,
}
