return {
  id = "chart", title = "Chart of accounts", key = "id", fallback = "standard",
  fields = {
    { "id", "text", required = true },
    { "title", "text" },
    { "accounts", "list", required = true, min = 1, fields = {
      { "code", "text", required = true, max = 32 },
      { "name", "text", required = true, max = 100 },
      { "kind", "enum", values = { "asset", "liability", "equity", "revenue", "expense" }, required = true },
    } },
  },
}
