describe("Ghana, standard scheme", function()
  local function taxed(date, amount, category)
    return tax.calculate {
      profile = "gh.standard", date = date, lines = { { amount = money.parse(amount), product = { tax_category = category } } },
    }
  end

  cases {
    { "2025: levies first, then VAT on top of them", given = "2025-12-31", expect = { tax = "21.90", total = "121.90" } },
    { "2026: three rates on the net value", given = "2026-01-01", expect = { tax = "20.00", total = "120.00" } },
    run = function(date) return taxed(date, "100.00", "standard") end,
  }

  cases {
    { "zero-rated", given = "zero", expect = { tax = "0.00" } },
    { "exempt", given = "exempt", expect = { tax = "0.00" } },
    { "relief", given = "relief", expect = { tax = "0.00" } },
    run = function(category) return taxed("2026-01-01", "100.00", category) end,
  }

  it("is the goods' in fees, but for what is charged for paying late", function()
    local function fee(kind, category)
      return tax.calculate {
        profile = "gh.standard", date = "2026-01-01",
        lines = { { amount = money "50.00", product = { tax_category = category }, fee = kind } },
      }.tax
    end
    for _, kind in ipairs { "start", "cancellation", "forfeit" } do
      expect(fee(kind, "standard")):money("10.00")
      expect(fee(kind, "exempt")):money("0.00")
    end
    expect(fee("late", "standard")):money("0.00")
  end)

  property("net and tax are the total", gen.amount("10000.00"), function(amount)
    local result = taxed("2026-01-01", amount:format(), "standard")
    expect(result.net + result.tax):equals(result.total)
  end)
end)
