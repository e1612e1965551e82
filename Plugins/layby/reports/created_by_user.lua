-- Who has made how many laybys in the last seven days.
return {
  id = "created_by_user", title = "Laybys made, by user", permission = "layby.configure",
  params = { { "from", "date", title = "From", description = "The first day; seven days ago unless said." } },
  sql = [[
    SELECT opened_by, count(*), sum(total_amount_minor) FROM layby_customer_laybys
    WHERE opened_at >= coalesce(:from, date(:today, '-7 days')) GROUP BY opened_by ORDER BY count(*) DESC, opened_by
  ]],
  columns = { { "created_by", "integer", json = "createdBy" }, { "count", "integer" }, { "total", "money" } },
}
