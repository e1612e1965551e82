-- What was sold on each day: without taxes, with them, and what it had cost.
return {
  id = "sales_by_day", title = "Sales by day", permission = "pos.view",
  description = "This month's days unless said otherwise.",
  params = {
    { "from", "date", title = "From", description = "The first day; the month's first unless said." },
    { "through", "date", title = "Through", description = "The last day; today unless said." },
    { "branch", "ref", to = "branch", title = "Branch", description = "Of this branch only." },
  },
  sql = [[
    SELECT business_date, count(*), sum(subtotal_minor), sum(tax_amount_minor), sum(total_minor), sum(subtotal_minor - cost_minor)
    FROM pos_sales
    WHERE business_date BETWEEN coalesce(:from, date(:today, 'start of month')) AND coalesce(:through, :today)
      AND (:branch IS NULL OR branch_id = :branch)
    GROUP BY business_date ORDER BY business_date
  ]],
  columns = {
    { "day", "date", title = "Day" }, { "sales", "integer", title = "Sales" }, { "net", "money", title = "Without taxes" },
    { "tax", "money", title = "Taxes" }, { "total", "money", title = "Total" }, { "margin", "money", title = "Margin" },
  },
  cache = 60,
  chart = { kind = "bar", x = "day", y = { "total" } },
}
