return {
  id = "late_fee", title = "Late fee",
  params = {
    { "customer", "text", required = true }, { "layby_number", "text", required = true }, { "business", "text", required = true },
    { "amount", "money", required = true }, { "balance", "money", required = true }, { "currency", "text", required = true },
    { "due_on", "date", required = true }, { "days", "integer", required = true },
    { "fee", "money", required = true },
  },
  subject = "A late fee on your layby {layby_number}",
  text = "Dear {customer}, a payment for your layby {layby_number} was due on {due_on}. A late fee of "
    .. "{currency} {fee} was added; still to pay in all: {currency} {balance}. {business}",
}
