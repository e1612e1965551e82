return {
  id = "integrity", title = "Integrity of laybys",
  reports = { { "layby.check_balance" }, { "layby.check_completed" }, { "layby.check_payments" } },
}
