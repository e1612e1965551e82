-- Completed laybys whose balance is not exactly zero. There should be none.
return {
  id = "check_completed", title = "Completed laybys with a balance", permission = "layby.configure",
  sql = [[
    SELECT id, layby_number, balance_remaining_minor, status
    FROM layby_customer_laybys WHERE status = 'COMPLETED' AND balance_remaining_minor <> 0 ORDER BY id
  ]],
  columns = {
    { "id", "integer" }, { "layby_number", "text", json = "laybyNumber" }, { "balance_remaining", "money", json = "balanceRemaining" },
    { "status", "text" },
  },
}
