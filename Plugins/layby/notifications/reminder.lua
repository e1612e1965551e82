return {
  id = "reminder", title = "Payment reminder",
  params = {
    { "customer", "text", required = true }, { "layby_number", "text", required = true }, { "business", "text", required = true },
    { "amount", "money", required = true }, { "balance", "money", required = true }, { "currency", "text", required = true },
    { "due_on", "date", required = true }, { "days", "integer", required = true },
  },
  subject = "Your layby {layby_number}: {currency} {amount} due on {due_on}",
  text = "Dear {customer}, {currency} {amount} of your layby {layby_number} is due on {due_on}. Still to pay "
    .. "in all: {currency} {balance}. {business}",
}
