return {
  type = "layby.archived_layby", title = "Archived layby",
  fields = {
    { "layby_id", "integer", json = "laybyId", required = true, unique = true },
    { "layby_number", "text", json = "laybyNumber", required = true, unique = true },
    { "branch", "ref", to = "branch", json = "businessId", required = true, index = true },
    { "customer", "ref", to = "catalog.customer", json = "customerId", required = true, index = true },
    { "completed_at", "instant", json = "completedAt", required = true },
    { "layby", "json", required = true, description = "As it was, its items with it." },
    { "payments", "json", required = true },
    { "late_fees", "json", required = true },
  },
  permissions = { read = "layby.view" },
  append_only = true,
  audit = false,       -- each row that moves leaves an audit row of its own
}
