-- A layby whose amounts did not add up and were worked out anew: by whom, why, from what to what.
return {
  type = "layby.recalculation", title = "Recalculation of a layby",
  fields = {
    { "layby_id", "integer", json = "laybyId", required = true, index = true },
    { "layby_number", "text", json = "laybyNumber", required = true },
    { "reason", "text", required = true, max = 500 },
    { "before", "json", required = true },
    { "after", "json", required = true },
  },
  permissions = { read = "layby.configure" },
  append_only = true,
}
