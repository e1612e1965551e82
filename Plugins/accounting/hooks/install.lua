-- Opens the accounts of the chart that are not there yet.
return {
  id = "open_chart", on = "plugin", phase = "install",
  run = function()
    for _, account in ipairs(rules.get("chart").accounts) do
      if not ledger.account(account.code) then ledger.open_account(account) end
    end
  end,
}
