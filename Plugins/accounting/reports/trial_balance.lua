-- The accounts with what stood on them at the end of a day. Its rows lead on to account_lines.
return {
  id = "trial_balance", title = "Trial balance", permission = "ledger.view",
  params = { { "as_of", "date", title = "As of", description = "Today unless said otherwise." } },
  sql = [[
    SELECT a.code, a.name, a.kind, sum(m.debit_minor), sum(m.credit_minor), sum(m.debit_minor) - sum(m.credit_minor)
    FROM ledger_movements m JOIN ledger_accounts a ON a.id = m.account_id
    WHERE m.effective_on <= coalesce(:as_of, :today) AND a.currency = :currency
    GROUP BY a.id ORDER BY a.code
  ]],
  columns = {
    { "account", "text", title = "Account" }, { "name", "text", title = "Name" }, { "kind", "text", title = "Kind" },
    { "debits", "money", title = "Debits" }, { "credits", "money", title = "Credits" }, { "balance", "money", title = "Balance" },
  },
}
