local testing = require "layby.lib.testing"

describe("a new layby", function()
  local shop

  before_each(function()
    clock.at("2026-02-02")
    shop = testing.shop(in_branch, given, "clothing")
  end)

  local function create(changes) return call("POST", "/api/laybys", testing.body(shop, changes)) end

  it("has every field, its number, its plan, its deposit and its entry", function()
    local answer = create()
    expect(answer.status):equals(201)
    local layby = answer.body
    expect(layby.laybyNumber):matches("^LAY%-2026%-%d%d%d%d%d%d$")
    expect(layby.status):equals("ACTIVE")
    expect(layby.totalAmount):equals(50000)
    expect(layby.depositAmount):equals(10000)
    expect(layby.totalPaid):equals(10000)
    expect(layby.balanceRemaining):equals(40000)
    expect(layby.installmentFrequency):equals("MONTHLY")
    -- 90 days from 2 February end on 3 May: three months.
    expect(layby.installmentCount):equals(3)
    expect(layby.installmentAmount):equals(13334)
    expect(layby.paymentDueDate):equals("2026-03-02")
    expect(layby.totalFees):equals(0)
    expect(layby.itemsReleased):is_false()
    for _, name in ipairs { "completedAt", "cancelledAt", "itemsReleasedAt", "itemsReleasedBy" } do expect(layby[name]):is_nil() end
    expect(layby.createdAt):equals("2026-02-02T09:00:00.000Z")
    expect(layby.business.type):equals("clothing")
    expect(layby.customer.name):equals("Akosua")
    expect(layby.creator):equals { id = layby.createdBy, username = user.current().username }
    expect(#layby.payments):equals(1)
    expect(layby.payments[1].receiptNumber):matches("^LPR%-2026%-")
    expect(layby.payments[1].processedBy):equals(user.current().id)
    expect(layby.ruleVersion):matches("^Rules/layby/clothing.lua@%d+$")
    expect_entry { { "1000", debit = "100.00" }, { "2300", credit = "100.00" } }
    expect_balanced()
  end)

  it("names who made it, whoever reads it", function()
    local layby = create().body
    -- As one that was made by the kernel's own hand.
    record.update("layby.customer_layby", layby.id, { opened_by = 0 })
    expect(call("GET", "/api/laybys/" .. layby.id).body.creator):equals { id = 0 }
  end)

  it("adds taxes to the price by the tenant's profile", function()
    given.record("catalog.product", { sku = "T-TAXED", name = "Hat", price = money "100.00", tax_category = "standard", stocked = false })
    local layby = create { items = { { sku = "T-TAXED", quantity = 1 } } }.body
    expect(layby.totalAmount):equals(tax.calculate { branch = shop.place.id, lines = {
      { amount = money "100.00", product = record.find("catalog.product", { sku = "T-TAXED" }) } } }.total.minor)
  end)

  it("puts the goods aside", function()
    create()
    local level = record.find("catalog.stock_level", { product = shop.product.id, branch = shop.place.id })
    expect(level.quantity):equals(decimal.new(15))
    expect(level.reserved):equals(decimal.new(5))
    expect_reject { code = "layby.out_of_stock", http = 409 } (function()
      create { items = { { productId = shop.product.id, quantity = 16 } } }
    end)
    expect(record.count("layby.customer_layby", { branch = shop.place.id })):equals(1)
  end)

  it("leaves the goods of a grocery on the shelf until they are handed over", function()
    local grocery = testing.shop(in_branch, given, "grocery")
    local layby = call("POST", "/api/laybys", testing.body(grocery)).body
    expect(record.find("catalog.stock_level", { product = grocery.product.id, branch = grocery.place.id }).quantity):equals(decimal.new(20))
    expect(layby.installmentFrequency):equals("WEEKLY")
  end)

  it("is for customers who may", function()
    shop.customer.x_layby_allow_layby = false
    shop.customer:save()
    expect_reject { code = "layby.customer_not_allowed", field = "customerId", http = 422 } (create)
  end)

  it("is refused by each dimension of the rules, with the field", function()
    local function refused(code, field, changes)
      expect_reject { code = "layby." .. code, field = field, http = 422 } (function() create(changes) end)
    end
    refused("deposit_too_low", "depositAmount", { depositAmount = 9500 })
    refused("deposit_too_low", "depositAmount", { depositPercent = 19 })
    refused("deposit_too_high", "depositAmount", { depositAmount = 40001 })
    refused("too_long", "durationDays", { durationDays = 91 })
    refused("too_long", "durationDays", { installmentCount = 4 })
    refused("amount_too_high", "totalAmount", { items = { { productId = shop.product.id, quantity = 201 } } })
    local cheap = given.record("catalog.product", {
      sku = "T-PIN", name = "Pin", price = money "0.50", tax_category = "exempt", stocked = false,
    })
    refused("amount_too_low", "totalAmount", { items = { { productId = cheap.id, quantity = 1 } } })
    local many = {}
    for index = 1, 31 do many[index] = { productId = cheap.id, quantity = 10 } end
    refused("too_many_items", "items", { items = many })
    refused("too_few_items", "items", { items = {} })
    refused("quantity_not_positive", "items[0].quantity", { items = { { productId = shop.product.id, quantity = 0 } } })
    refused("product_unknown", "items[0].sku", { items = { { sku = "NOT-THERE", quantity = 1 } } })
    refused("payment_method_unknown", "paymentMethod", { paymentMethod = "Shells" })
    refused("business_unknown", "businessId", { businessId = 999999 })
    local grocery = testing.shop(in_branch, given, "grocery")
    expect_reject { code = "layby.frequency_not_allowed", field = "installmentFrequency" } (function()
      call("POST", "/api/laybys", testing.body(grocery, { installmentFrequency = "MONTHLY" }))
    end)
    expect(record.count("layby.customer_layby", { branch = shop.place.id })):equals(0)
  end)

  it("takes 20 % on clothing, and 30 % where nothing is named on a florist's default terms", function()
    expect(create { depositPercent = 20 }.status):equals(201)
    local florist = testing.shop(in_branch, given, "florist")
    local layby = call("POST", "/api/laybys", testing.body(florist)).body
    expect(layby.ruleVersion):matches("^Rules/layby/default.lua@")
    expect(layby.depositAmount):equals(15000)
  end)

  it("takes approval above an amount, where the rules name one", function()
    local plant = testing.shop(in_branch, given, "construction")
    local crane = given.record("catalog.product", {
      sku = "T-CRANE", name = "Crane", price = money "60000.00", tax_category = "exempt", stocked = false,
    })
    as_user { permissions = { "layby.create", "layby.view" } }
    expect_reject { code = "layby.approval_needed", field = "totalAmount" } (function()
      call("POST", "/api/laybys", testing.body(plant, { items = { { productId = crane.id, quantity = 1 } } }))
    end)
    as_user { permissions = { "layby.create", "layby.view", "layby.approve" } }
    local layby = call("POST", "/api/laybys", testing.body(plant, { items = { { productId = crane.id, quantity = 1 } } })).body
    expect(layby.serviceFee):equals(60000)
    expect(layby.administrationFee):equals(2000)
    expect(layby.totalFees):equals(62000)
    expect(layby.balanceRemaining):equals(6000000 + 62000 - 1800000)
  end)

  it("is for members of the branch", function()
    in_branch("T-OTHER")
    as_user { permissions = { "layby.create", "layby.view", "layby.pay" }, branches = { "T-OTHER" } }
    expect_reject { code = "layby.not_a_member", http = 403 } (create)
  end)

  property("instalments add up to what is left after the deposit", gen.amount("20000.00"),
    gen.one_of { "WEEKLY", "FORTNIGHTLY", "MONTHLY" },
    gen.integer(0, 40), function(price, frequency, quarter)
      if price < money "10.00" then return end
      local plan = require "layby.lib.plan"
      local none = price - price
      local deposit = price:mul(decimal.new(quarter):div(decimal.new(50), 4, "half_up"), "half_up")
      local layby = {
        total_amount = price, service_fee = none, administration_fee = none, deposit_amount = deposit,
        installment_count = plan.count("2026-01-31", frequency, 90),
      }
      local sum = deposit
      for _, part in ipairs(plan.amounts(layby)) do sum = sum + part end
      expect(sum):equals(price)
    end)
end)
