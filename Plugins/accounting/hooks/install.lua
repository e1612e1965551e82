-- Opens the accounts of the chart that are not there yet, and begins the books with December of last year, so that
-- opening balances can stand on its last day.
return {
  id = "open_chart", on = "plugin", phase = "install",
  run = function()
    ledger.begin(string.format("%d-12", date.parse(date.today()).year - 1))
    for _, account in ipairs(rules.get("chart").accounts) do
      if not ledger.account(account.code) then ledger.open_account(account) end
    end
  end,
}
