-- How the laybys of each branch stand. Overdue is what was due before today.
return {
  id = "analytics", title = "Laybys at a glance", permission = "layby.view",
  params = { { "branch", "ref", to = "branch", json = "businessId", title = "Branch", description = "Of this branch only." } },
  sql = [[
    SELECT branch_id, count(*),
      sum(status = 'ACTIVE'), sum(status = 'ON_HOLD'), sum(status = 'COMPLETED'), sum(status = 'CANCELLED'), sum(status = 'DEFAULTED'),
      sum(total_amount_minor), sum(total_paid_minor), sum(total_amount_minor) / count(*),
      sum(CASE WHEN status IN ('ACTIVE', 'ON_HOLD') THEN balance_remaining_minor ELSE 0 END),
      sum(CASE WHEN status IN ('ACTIVE', 'ON_HOLD') THEN total_paid_minor - late_fee_minor ELSE 0 END),
      sum(status = 'ACTIVE' AND payment_due_on < :today),
      sum(CASE WHEN status = 'ACTIVE' AND payment_due_on < :today THEN balance_remaining_minor ELSE 0 END),
      sum(late_fee_minor),
      sum(status = 'COMPLETED') * 10000 / max(1, sum(status IN ('COMPLETED', 'CANCELLED', 'DEFAULTED'))),
      sum(status = 'DEFAULTED') * 10000 / max(1, sum(status IN ('COMPLETED', 'CANCELLED', 'DEFAULTED')))
    FROM layby_customer_laybys WHERE (:branch IS NULL OR branch_id = :branch)
    GROUP BY branch_id ORDER BY branch_id
  ]],
  columns = {
    { "branch", "ref", to = "branch", json = "businessId" }, { "laybys", "integer" }, { "active", "integer" },
    { "on_hold", "integer", json = "onHold" }, { "completed", "integer" }, { "cancelled", "integer" }, { "defaulted", "integer" },
    { "total_amount", "money", json = "totalAmount" }, { "total_paid", "money", json = "totalPaid" },
    { "average_amount", "money", json = "averageAmount" }, { "outstanding", "money" },
    { "deposits_held", "money", json = "depositsHeld" }, { "overdue", "integer" }, { "overdue_amount", "money", json = "overdueAmount" },
    { "late_fees", "money", json = "lateFees" }, { "completion_rate", "decimal", places = 2, json = "completionRate" },
    { "default_rate", "decimal", places = 2, json = "defaultRate" },
  },
  cache = 900,
}
