-- Laybys of as many items as terms allow: each step of their lives fits into one request, and several into a run.
local stock = require "catalog.lib.stock"
local testing = require "layby.lib.testing"

local ITEMS = 200

describe("a layby of very many items", function()
  ---A shop with that many products, and what a layby of one of each is made of.
  local function shop_of(business_type)
    clock.at("2026-02-02")
    local shop = testing.shop(in_branch, given, business_type)
    local items = {}
    for index = 1, ITEMS do
      local product = given.record("catalog.product", {
        sku = "T-MANY-" .. index, name = "Piece " .. index, price = money "10.00", cost = money "6.00", tax_category = "exempt",
      })
      stock.move { product = product.id, branch = shop.place.id, quantity = decimal.new(5), reason = "opening" }
      items[index] = { productId = product.id, quantity = 1 }
    end
    return shop, items
  end
  local function create(shop, items)
    local answer = call("POST", "/api/laybys", testing.body(shop, { items = items }))
    expect(answer.status):equals(201)
    return answer.body
  end
  local function step(layby, name, body) return call("POST", "/api/laybys/" .. layby.id .. "/" .. name, body or {}) end
  local function reserved(shop) return record.sum("catalog.stock_level", "reserved", { branch = shop.place.id }) end

  for _, business_type in ipairs { "construction", "grocery" } do
    it("is handed over at a " .. business_type, function()
      local shop, items = shop_of(business_type)
      local layby = create(shop, items)
      local before = record.sum("catalog.stock_level", "quantity", { branch = shop.place.id }) + reserved(shop)
      local paid = step(layby, "payments", { amount = layby.balanceRemaining }).body
      if paid.status ~= "COMPLETED" then paid = step(layby, "complete").body end
      expect(paid.status):equals("COMPLETED")
      expect(before - record.sum("catalog.stock_level", "quantity", { branch = shop.place.id })):equals(decimal.new(ITEMS))
      expect(reserved(shop)):equals(decimal.new(0))
    end)
  end

  it("is cancelled", function()
    local shop, items = shop_of("construction")
    local layby = create(shop, items)
    expect(reserved(shop)):equals(decimal.new(ITEMS))
    expect(step(layby, "cancel").body.status):equals("CANCELLED")
    expect(reserved(shop)):equals(decimal.new(0))
  end)

  it("is defaulted, and so are others of the same day", function()
    local shop, items = shop_of("construction")
    for _ = 1, 4 do create(shop, items) end
    clock.at("2026-06-20")
    expect(run_job("automation").state):equals("done")
    expect(record.count("layby.customer_layby", { branch = shop.place.id, status = "DEFAULTED" })):equals(4)
    expect(reserved(shop)):equals(decimal.new(0))
    expect(call("GET", "/api/laybys/automation/status").body.errors):equals(0)
  end)
end)
