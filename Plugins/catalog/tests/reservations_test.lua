local reservations = require "catalog.lib.reservations"
local stock = require "catalog.lib.stock"

describe("reservations", function()
  local product, place

  before_each(function()
    clock.at("2026-02-02")
    place = in_branch("TEST")
    product = given.record("catalog.product", { sku = "T-LAMP", name = "Lamp", price = money "50.00", cost = money "30.00" })
    stock.move { product = product.id, branch = place.id, quantity = decimal.new(10), reason = "opening" }
  end)

  local function reserve(quantity)
    return reservations.reserve {
      product = product.id, branch = place.id, quantity = decimal.new(quantity), source_type = "test.document", source_id = 7,
    }
  end
  local function level() return record.find("catalog.stock_level", { product = product.id, branch = place.id }) end

  it("take goods off sale and keep them in the house", function()
    expect(reserve(4) ~= nil):is_true()
    expect(level().quantity):equals(decimal.new(6))
    expect(level().reserved):equals(decimal.new(4))
    local id, there = reserve(7)
    expect(id):is_nil()
    expect(there):equals(decimal.new(6))
    -- Nor are they sold from under who waits for them.
    expect(stock.move { product = product.id, branch = place.id, quantity = decimal.new(-7), reason = "sale" }):is_nil()
  end)

  it("go back on sale, or out of the house, once", function()
    reserve(4)
    reserve(3)
    local held = reservations.held("test.document", 7)
    reservations.release(held[1])
    reservations.deduct(held[2])
    expect(#reservations.held("test.document", 7)):equals(0)
    expect(level().quantity):equals(decimal.new(7))
    expect(level().reserved):equals(decimal.new(0))
    local sum = decimal.new(0)
    for _, one in ipairs(record.list("catalog.stock_movement", { filter = { product = product.id } })) do sum = sum + one.quantity end
    expect(sum):equals(level().quantity)
  end)
end)
