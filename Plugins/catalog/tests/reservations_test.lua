local reservations = require "catalog.lib.reservations"
local stock = require "catalog.lib.stock"

describe("reservations", function()
  local product, place

  before_each(function()
    clock.at("2026-02-02")
    place = in_branch("TEST")
    product = given.record("catalog.product", { sku = "T-LAMP", name = "Lamp", price = money "50.00", cost = money "30.00" })
    -- What is elsewhere is nobody's here.
    stock.move { product = product.id, branch = in_branch("TEST-2").id, quantity = decimal.new(100), reason = "opening" }
    stock.move { product = product.id, branch = place.id, quantity = decimal.new(10), reason = "opening" }
  end)

  local function reserve(...)
    local wanted = {}
    for index, quantity in ipairs { ... } do wanted[index] = { product = product.id, quantity = decimal.new(quantity) } end
    return reservations.reserve(place.id, "test.document", 7, wanted)
  end
  local function level() return record.find("catalog.stock_level", { product = product.id, branch = place.id }) end
  local function explained()
    return record.sum("catalog.stock_movement", "quantity", { product = product.id, branch = place.id })
  end

  it("take goods off sale and keep them in the house", function()
    expect(reserve(1, 3)):is_true()
    expect(level().quantity):equals(decimal.new(6))
    expect(level().reserved):equals(decimal.new(4))
    local done, lacking, there = reserve(3, 4)
    expect(done):is_false()
    expect(lacking):equals(product.id)
    expect(there):equals(decimal.new(6))
    expect(level().reserved):equals(decimal.new(4))
    -- Nor are they sold from under who waits for them.
    expect(stock.move { product = product.id, branch = place.id, quantity = decimal.new(-7), reason = "sale" }):is_nil()
    expect(explained()):equals(level().quantity)
  end)

  it("are of goods that the branch has", function()
    local other = given.record("catalog.product", { sku = "T-NONE", name = "None", price = money "1.00" })
    local done, lacking, there = reservations.reserve(place.id, "test.document", 7, { { product = other.id, quantity = decimal.new(1) } })
    expect(done):is_false()
    expect(lacking):equals(other.id)
    expect(there):equals(decimal.new(0))
  end)

  for _, verb in ipairs { "release", "deduct" } do
    it(verb == "release" and "go back on sale, once" or "go out of the house, once", function()
      reserve(4, 3)
      for _ = 1, 2 do
        reservations[verb]("test.document", 7)
        expect(level().quantity):equals(decimal.new(verb == "release" and 10 or 3))
        expect(level().reserved):equals(decimal.new(0))
        expect(explained()):equals(level().quantity)
      end
      expect(record.count("catalog.stock_reservation", { status = "HELD" })):equals(0)
      -- What goes out of the house was off sale before: that is no movement of what can be sold.
      expect(record.count("catalog.stock_movement", { source_id = 7 })):equals(verb == "release" and 2 or 1)
    end)
  end
end)
