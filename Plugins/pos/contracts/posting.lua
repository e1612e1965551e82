return {
  id = "pos.posting", title = "Posting rules", key = "id", fallback = "standard",
  fields = {
    { "id", "text", required = true },
    { "sale", "function", required = true, takes = { "sale" },
      description = "The lines of a sale's journal entry: account, debit or credit, and amount." },
  },
}
