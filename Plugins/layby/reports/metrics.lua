-- What the operator's monitoring reads: how many laybys run, what was paid today, and how the automation fared since yesterday.
return {
  id = "metrics", title = "Laybys for monitoring", permission = "layby.view",
  sql = [[
    SELECT
      (SELECT count(*) FROM layby_customer_laybys WHERE status = 'ACTIVE'),
      (SELECT coalesce(sum(amount_minor), 0) FROM layby_customer_layby_payments
        WHERE payment_date >= :today AND payment_date < date(:today, '+1 day')),
      (SELECT sum(processed - errors) * 10000 / sum(processed) FROM layby_automation_runs
        WHERE started_at >= date(:today, '-1 day') AND processed > 0)
  ]],
  columns = {
    { "active", "integer", description = "Laybys that run." },
    { "payments_today", "money", json = "paymentsToday", description = "Taken today (UTC), less what was paid back." },
    { "automation_success", "decimal", places = 4, json = "automationSuccess",
      description = "Of the laybys that the automation dealt with since yesterday, those that went well; 1 is all." },
  },
  metrics = {
    { name = "active", value = "active", help = "Laybys that run" },
    { name = "payments_today", value = "payments_today", help = "Payments of the day (UTC), less what was paid back" },
    { name = "automation_success_ratio", value = "automation_success", help = "Part of the automation's work that went well" },
  },
}
