return {
  id = "catalog.posting", title = "Posting of stock", key = "id", fallback = "stock",
  fields = {
    { "id", "text", required = true },
    { "stock", "function", required = true, takes = { "move" },
      description = "The lines of the journal entry when stock comes or goes other than by a sale." },
  },
}
