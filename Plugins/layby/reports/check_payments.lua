-- Laybys whose totalPaid is not the sum of their payments, refunds negative. There should be none.
return {
  id = "check_payments", title = "Laybys whose payments do not add up", permission = "layby.configure",
  sql = [[
    SELECT l.id, l.layby_number, l.total_paid_minor, coalesce(sum(p.amount_minor), 0), l.total_paid_minor - coalesce(sum(p.amount_minor), 0)
    FROM layby_customer_laybys l LEFT JOIN layby_customer_layby_payments p ON p.layby_id = l.id
    GROUP BY l.id HAVING l.total_paid_minor <> coalesce(sum(p.amount_minor), 0) ORDER BY l.id
  ]],
  columns = {
    { "id", "integer" }, { "layby_number", "text", json = "laybyNumber" }, { "layby_total", "money", json = "laybyTotal" },
    { "payments_sum", "money", json = "paymentsSum" }, { "difference", "money" },
  },
}
