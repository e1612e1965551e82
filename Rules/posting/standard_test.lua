describe("posting of sales", function()
  property("the lines of a sale balance", gen.amount("5000.00"), gen.amount("500.00"), gen.amount("3000.00"), function(net, vat, cost)
    local posting = rules.get("pos.posting")
    local total = net + vat
    local sum = total - total
    for _, line in ipairs(posting.sale {
      currency = tenant.currency, subtotal = net, total = total, cost = cost,
      taxes = { { code = "VAT", account = "2100", amount = vat } }, tenders = { { account = "1000", amount = total } },
    }) do
      sum = sum + (line.debit or sum - sum) - (line.credit or sum - sum)
    end
    expect(sum):money("0.00")
  end)
end)
