return {
  id = "rental.fees", title = "Rental fees", key = "id", fallback = "standard",
  fields = {
    { "id", "text", required = true },
    { "longest_days", "integer", default = 30, min = 1, max = 365, description = "The longest hire." },
    { "late_fee", "function", required = true, description = "What a late return costs: of the daily rate and the days late." },
  },
}
