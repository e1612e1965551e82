describe("a sale", function()
  before_each(function()
    clock.at("2026-02-02")
    in_branch("TEST")
    fixture("shelf")
  end)

  local function sell(lines, payments)
    return call("POST", "/api/sales", { branch = "TEST", lines = lines, payments = payments or { { method = "Cash" } } })
  end

  it("adds up, and its entry is in the book", function()
    local sale = sell { { sku = "T-RICE", quantity = 2 }, { sku = "T-MILK", quantity = 1 } }
    expect(sale.status):equals(201)
    expect(sale.body.total):equals(sale.body.subtotal + sale.body.tax_amount)
    expect(ledger.entries { source = { type = "pos.sale", id = sale.body.id } }[1].kind):equals("sale")
    expect_balanced()
  end)

  it("carries no tax on what is exempt", function()
    local sale = sell { { sku = "T-BOOK", quantity = 1 } }
    expect(sale.body.tax_amount):equals(0)
    expect_entry {
      { "1000", debit = "20.00" }, { "4000", credit = "20.00" }, { "5000", debit = "10.00" }, { "1200", credit = "10.00" },
    }
  end)

  it("gives change in cash only", function()
    local paid = sell({ { sku = "T-BOOK", quantity = 1 } }, { { method = "Cash", amount = 5000 } })
    expect(paid.body.change):money("30.00")
    expect_reject { code = "pos.overpaid", field = "payments[0].amount" } (function()
      sell({ { sku = "T-BOOK", quantity = 1 } }, { { method = "Card", amount = 5000 } })
    end)
  end)

  it("is refused as a whole where the payment falls short", function()
    local before = record.count("pos.sale", {})
    local refused = sell({ { sku = "T-RICE", quantity = 1 } }, { { method = "Cash", amount = 100 } })
    expect(refused.status):equals(422)
    expect(refused.body.code):equals("pos.underpaid")
    expect(record.count("pos.sale", {})):equals(before)
  end)

  it("is the cashier's to make, and not the accountant's", function()
    as_user "cashier"
    expect(sell({ { sku = "T-MILK", quantity = 1 } }).status):equals(201)
    as_user "accountant"
    expect_reject { http = 403 } (function() sell { { sku = "T-MILK", quantity = 1 } } end)
  end)

  it("stays within its budget", function()
    expect_budget { instructions = "<200k" } (function() sell { { sku = "T-RICE", quantity = 1 } } end)
  end)

  property("adds up for any basket", gen.list(gen.one_of { "T-RICE", "T-MILK", "T-BOOK" }, 8), function(basket)
    local lines = { { sku = "T-RICE", quantity = 1 } }
    for _, sku in ipairs(basket) do lines[#lines + 1] = { sku = sku, quantity = math.random(1, 9) } end
    local sale = sell(lines).body
    expect(sale.subtotal + sale.tax_amount):equals(sale.total)
    expect_balanced()
  end)
end)
