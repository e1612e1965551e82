return {
  id = "default", title = "Layby defaulted",
  params = {
    { "customer", "text", required = true }, { "layby_number", "text", required = true }, { "business", "text", required = true },
    { "amount", "money", required = true }, { "balance", "money", required = true }, { "currency", "text", required = true },
    { "due_on", "date", required = true }, { "days", "integer", required = true },
  },
  subject = "Your layby {layby_number} has ended",
  text = "Dear {customer}, payments for your layby {layby_number} were missed, and it has ended by its terms. "
    .. "Please ask us what becomes of what you have paid. {business}",
}
