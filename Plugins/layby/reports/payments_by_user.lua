-- Who has taken how many payments and how much in the last seven days, the largest sum first.
return {
  id = "payments_by_user", title = "Layby payments, by user", permission = "layby.configure",
  params = { { "from", "date", title = "From", description = "The first day; seven days ago unless said." } },
  sql = [[
    SELECT processed_by, count(*), sum(amount_minor) FROM layby_customer_layby_payments
    WHERE payment_date >= coalesce(:from, date(:today, '-7 days')) GROUP BY processed_by ORDER BY sum(amount_minor) DESC, processed_by
  ]],
  columns = { { "processed_by", "integer", json = "processedBy" }, { "count", "integer" }, { "total", "money" } },
}
