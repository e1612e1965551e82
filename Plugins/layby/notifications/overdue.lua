return {
  id = "overdue", title = "Payment overdue",
  params = {
    { "customer", "text", required = true }, { "layby_number", "text", required = true }, { "business", "text", required = true },
    { "amount", "money", required = true }, { "balance", "money", required = true }, { "currency", "text", required = true },
    { "due_on", "date", required = true }, { "days", "integer", required = true },
  },
  subject = "Your layby {layby_number} is overdue",
  text = "Dear {customer}, a payment of {currency} {amount} for your layby {layby_number} was due on {due_on} "
    .. "and has not reached us. Please pay soon. {business}",
}
