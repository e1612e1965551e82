describe("the chart of accounts", function()
  it("is opened at the installation", function()
    for _, account in ipairs(rules.get("chart").accounts) do
      expect(ledger.account(account.code).kind):equals(account.kind)
    end
  end)
end)
