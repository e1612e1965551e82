-- The lines behind a row of the trial balance.
return {
  id = "account_lines", title = "Lines of an account", permission = "ledger.view",
  params = {
    { "account", "text", required = true, max = 128, title = "Account", description = "Its code." },
    { "from", "date", title = "From", description = "The first day; the month's first unless said." },
    { "through", "date", title = "Through", description = "The last day; today unless said." },
  },
  sql = [[
    SELECT l.effective_on, l.entry_id, e.kind, e.source_type, e.source_id, l.branch_id, l.debit_minor, l.credit_minor
    FROM ledger_accounts a
    JOIN ledger_lines l ON l.account_id = a.id
      AND l.effective_on BETWEEN coalesce(:from, date(:today, 'start of month')) AND coalesce(:through, :today)
    JOIN ledger_entries e ON e.id = l.entry_id
    WHERE a.code = :account AND a.currency = :currency
    ORDER BY l.effective_on, l.entry_id, l.line_number
  ]],
  columns = {
    { "day", "date", title = "Day" }, { "entry", "integer", title = "Entry" }, { "kind", "text", title = "Kind" },
    { "source_type", "text", title = "Document" }, { "source_id", "integer", title = "Its id" },
    { "branch", "ref", to = "branch", title = "Branch" },
    { "debit", "money", title = "Debit" }, { "credit", "money", title = "Credit" },
  },
}
