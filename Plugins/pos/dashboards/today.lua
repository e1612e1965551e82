return {
  id = "today", title = "The shop",
  reports = {
    { "pos.sales_by_day", title = "Sales this month" },
    { "catalog.stock_valuation" },
  },
}
