-- Taxes in fees: a fee costs what the terms name, and the profile of the country says what of that is tax.
local testing = require "layby.lib.testing"

describe("the taxes in fees of laybys", function()
  local shop, is_ghana

  ---Five pieces at 100.00: with three rates on top in Ghana, with VAT in the price in the United Kingdom.
  local function layby_of(business_type, category, changes)
    shop = testing.shop(in_branch, given, business_type)
    shop.product.tax_category = category
    shop.product:save()
    return call("POST", "/api/laybys", testing.body(shop, changes)).body
  end
  local function step(layby, name, body) return call("POST", "/api/laybys/" .. layby.id .. "/" .. name, body or {}) end

  before_each(function()
    clock.at("2026-02-02")
    is_ghana = tenant.country == "GH"
  end)

  it("are those of the goods where a fee is kept of what was never handed over", function()
    local layby = layby_of("clothing", "standard")
    expect(step(layby, "cancel").body.cancellationFee):equals(is_ghana and 6000 or 5000)
    if is_ghana then
      expect_entry {
        { "2300", debit = "120.00" }, { "4100", credit = "50.00" }, { "2100", credit = "7.50" }, { "2110", credit = "1.25" },
        { "2120", credit = "1.25" }, { "1000", credit = "60.00" },
      }
    else
      expect_entry { { "2300", debit = "100.00" }, { "4100", credit = "41.67" }, { "2100", credit = "8.33" }, { "1000", credit = "50.00" } }
    end
    expect_balanced()
  end)

  it("are none where the goods have none", function()
    step(layby_of("clothing", "zero"), "cancel")
    expect_entry { { "2300", debit = "100.00" }, { "4100", credit = "50.00" }, { "1000", credit = "50.00" } }
  end)

  it("are the goods' share by share where these differ", function()
    shop = testing.shop(in_branch, given, "clothing")
    local taxed = given.record("catalog.product", {
      sku = "T-TAXED", name = "Hat", price = money "100.00", tax_category = "standard", stocked = false,
    })
    local layby = call("POST", "/api/laybys", testing.body(shop, {
      items = { { productId = shop.product.id, quantity = 1 }, { productId = taxed.id, quantity = 1 } },
    })).body
    step(layby, "cancel")
    if is_ghana then
      -- 22.00 of 220.00: 10.00 for what is exempt, 12.00 for the rest, of which 2.00 is tax.
      expect_entry {
        { "2300", debit = "44.00" }, { "4100", credit = "20.00" }, { "2100", credit = "1.50" }, { "2110", credit = "0.25" },
        { "2120", credit = "0.25" }, { "1000", credit = "22.00" },
      }
    else
      expect_entry { { "2300", debit = "40.00" }, { "4100", credit = "18.33" }, { "2100", credit = "1.67" }, { "1000", credit = "20.00" } }
    end
  end)

  it("are none in what is charged for paying late", function()
    local layby = layby_of("clothing", "standard")
    clock.at("2026-03-03")
    run_job("automation")
    expect(call("GET", "/api/laybys/" .. layby.id).body.lateFee):equals(500)
    expect_entry { { "2300", debit = "5.00" }, { "4100", credit = "5.00" } }
  end)

  it("are those of the goods in the fees of the start, when they are handed over", function()
    local layby = layby_of("construction", "standard", { installmentCount = 1 })
    -- 1 % of the total and 20.00.
    expect(layby.totalFees):equals(is_ghana and 2600 or 2500)
    step(layby, "payments", { amount = layby.balanceRemaining })
    expect(step(layby, "complete").body.status):equals("COMPLETED")
    if is_ghana then
      expect_entry {
        { "2300", debit = "626.00" }, { "4000", credit = "500.00" }, { "2100", credit = "75.00" }, { "2110", credit = "12.50" },
        { "2120", credit = "12.50" }, { "4100", credit = "21.67" }, { "2100", credit = "3.25" }, { "2110", credit = "0.54" },
        { "2120", credit = "0.54" }, { "5000", debit = "300.00" }, { "1200", credit = "300.00" },
      }
    else
      expect_entry {
        { "2300", debit = "525.00" }, { "4000", credit = "416.67" }, { "2100", credit = "83.33" }, { "4100", credit = "20.83" },
        { "2100", credit = "4.17" }, { "5000", debit = "300.00" }, { "1200", credit = "300.00" },
      }
    end
  end)

  it("go back with a default that is taken back, whatever the rates are by then", function()
    clock.at("2025-12-01")
    local layby = layby_of("clothing", "standard")
    local income, held = ledger.account("4100") and ledger.balance("4100"), ledger.balance("2300")
    local tax = ledger.balance("2100")
    record.move("layby.customer_layby", layby.id, "DEFAULTED", "test")
    expect(ledger.balance("2100") > tax):is_true()
    clock.at("2026-01-15")
    expect(step(layby, "reactivate").body.status):equals("ACTIVE")
    expect(ledger.balance("4100")):equals(income or money.of(0))
    expect(ledger.balance("2100")):equals(tax)
    expect(ledger.balance("2300")):equals(held)
    expect_balanced()
  end)
end)
