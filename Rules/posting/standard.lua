-- Which accounts a sale is posted to. The kernel refuses what does not balance.
return {
  contract = "pos.posting",
  id = "standard",
  -- sale: currency, subtotal, total, cost, taxes (code, account, amount), tenders (account, amount)
  sale = function(sale)
    local lines = {}
    for _, tender in ipairs(sale.tenders) do
      lines[#lines + 1] = { account = tender.account, debit = tender.amount }
    end
    if sale.subtotal.minor > 0 then lines[#lines + 1] = { account = "4000", credit = sale.subtotal } end
    for _, tax in ipairs(sale.taxes) do
      if tax.amount.minor > 0 then
        -- A tax that the chart has no account for, such as a levy of earlier years, gets one under this name.
        lines[#lines + 1] = {
          account = tax.account, name = "Tax Payable - " .. tax.code, kind = "liability", credit = tax.amount,
        }
      end
    end
    if sale.cost.minor > 0 then
      lines[#lines + 1] = { account = "5000", debit = sale.cost }
      lines[#lines + 1] = { account = "1200", credit = sale.cost }
    end
    return lines
  end,
}
