describe("United Kingdom, VAT", function()
  local function taxed(amount, category, fee)
    return tax.calculate {
      profile = "uk.vat", date = "2026-02-02",
      lines = { { amount = money.parse(amount), product = { tax_category = category }, fee = fee } },
    }
  end

  cases {
    { "standard: a sixth of the price", given = { "120.00", "standard" }, expect = { tax = "20.00", total = "120.00" } },
    { "reduced: a twenty-first", given = { "105.00", "reduced" }, expect = { tax = "5.00", total = "105.00" } },
    { "zero-rated", given = { "100.00", "zero" }, expect = { tax = "0.00" } },
    { "exempt", given = { "100.00", "exempt" }, expect = { tax = "0.00" } },
    { "a fee for goods is part of their price", given = { "6.00", "standard", "start" }, expect = { tax = "1.00" } },
    { "what is kept for goods not collected", given = { "6.00", "standard", "cancellation" }, expect = { tax = "1.00" } },
    { "a charge for paying late", given = { "6.00", "standard", "late" }, expect = { tax = "0.00" } },
    run = function(given) return taxed(given[1], given[2], given[3]) end,
  }
end)
