local stock = require "catalog.lib.stock"

describe("stock", function()
  local product, place

  before_each(function()
    clock.at("2026-02-02")
    place = in_branch("TEST")
    product = given.record("catalog.product", { sku = "T-RICE", name = "Rice", price = money "50.00", cost = money "30.00" })
  end)

  local function move(quantity, reason)
    return call("POST", "/api/stock-movements", { branch = "TEST", sku = "T-RICE", quantity = quantity, reason = reason })
  end

  it("on hand is the sum of the movements", function()
    move(10, "opening")
    move(5, "receipt")
    expect(move(-3, "adjustment").body.on_hand):equals("12")
    local sum = decimal.new(0)
    for _, one in ipairs(record.list("catalog.stock_movement", { filter = { product = product.id } })) do sum = sum + one.quantity end
    expect(sum):equals(decimal.new(12))
  end)

  it("never falls below zero", function()
    move(2, "opening")
    expect_reject { code = "catalog.out_of_stock", field = "quantity", http = 409 } (function() move(-3, "adjustment") end)
    local on_hand, before = stock.move { product = product.id, branch = place.id, quantity = decimal.new(-3), reason = "adjustment" }
    expect(on_hand):is_nil()
    expect(before):equals(decimal.new(2))
  end)

  it("is worth what it cost, against where it came from", function()
    move(4, "receipt")
    expect_entry { { "1200", debit = "120.00" }, { "2000", credit = "120.00" } }
  end)
end)
