local testing = require "layby.lib.testing"

describe("payments of laybys", function()
  local shop, layby

  before_each(function()
    clock.at("2026-02-02")
    shop = testing.shop(in_branch, given, "clothing")
    layby = call("POST", "/api/laybys", testing.body(shop)).body
  end)

  local function pay(amount, changes)
    local body = { amount = amount }
    for name, value in pairs(changes or {}) do body[name] = value end
    return call("POST", "/api/laybys/" .. layby.id .. "/payments", body)
  end
  local function refund(payment, amount)
    return call("POST", "/api/laybys/" .. layby.id .. "/payments/" .. payment .. "/refund", { amount = amount })
  end

  it("lower the balance and move on what is due", function()
    local answer = pay(13333)
    expect(answer.status):equals(201)
    expect(answer.body.balanceRemaining):equals(26667)
    expect(answer.body.totalPaid):equals(23333)
    expect(answer.body.paymentDueDate):equals("2026-03-02")
    expect(answer.body.receiptNumber):matches("^LPR%-")
    expect(pay(1).body.paymentDueDate):equals("2026-04-02")
    expect(pay(13333).body.paymentDueDate):equals("2026-05-02")
    expect(pay(13333).body.balanceRemaining):equals(0)
    expect_balanced()
  end)

  it("above the balance become the customer's credit, which pays for other laybys", function()
    local answer = pay(45000).body
    expect(answer.balanceRemaining):equals(0)
    expect(answer.credited):equals(5000)
    expect_entry { { "1000", debit = "450.00" }, { "2300", credit = "400.00" }, { "2310", credit = "50.00" } }
    layby = call("POST", "/api/laybys", testing.body(shop)).body
    expect_reject { code = "layby.credit_too_low", http = 409 } (function() pay(6000, { paymentMethod = "Customer Credit" }) end)
    local from_credit = pay(5000, { paymentMethod = "Customer Credit" })
    expect(from_credit.body.balanceRemaining):equals(35000)
    expect_entry { { "2310", debit = "50.00" }, { "2300", credit = "50.00" } }
    expect(record.find("layby.customer_credit", { customer = shop.customer.id }).balance):money("0.00")
  end)

  it("are refused when nothing is due, by unknown methods, and below one", function()
    expect_reject { code = "layby.payment_method_unknown", field = "paymentMethod" } (function() pay(100, { paymentMethod = "Shells" }) end)
    expect_reject { code = "request.invalid" } (function() pay(0) end)
    pay(40000)
    expect_reject { code = "layby.wrong_status", http = 409 } (function() pay(100) end)
  end)

  it("are refunded by rows that name them, never beyond what was paid", function()
    local payment = pay(10000).body.payment
    local answer = refund(payment.id, 6000)
    expect(answer.status):equals(200)
    expect(answer.body.refund.amount):equals(-6000)
    expect(answer.body.refund.isRefund):is_true()
    expect(answer.body.refund.refundedPaymentId):equals(payment.id)
    expect(answer.body.balanceRemaining):equals(36000)
    expect_entry { { "2300", debit = "60.00" }, { "1000", credit = "60.00" } }
    expect_reject { code = "layby.refund_too_high", http = 422 } (function() refund(payment.id, 6000) end)
    expect(record.get("layby.customer_layby_payment", payment.id).amount):money("100.00")
    expect(refund(payment.id).body.refund.amount):equals(-4000)
    expect_reject { code = "layby.refund_of_refund" } (function() refund(answer.body.refund.id, 1) end)
    expect_reject { code = "layby.payment_not_found", http = 404 } (function() refund(999999, 1) end)
    expect_balanced()
  end)

  it("are listed with the layby, newest first", function()
    pay(1000)
    local list = call("GET", "/api/laybys/" .. layby.id .. "/payments").body.items
    expect(#list):equals(2)
    expect(list[1].amount):equals(1000)
    expect(#call("GET", "/api/laybys/" .. layby.id .. "?payments=false").body.payments):equals(0)
  end)
end)

describe("the list of laybys", function()
  it("shows a branch's own, newest first, page by page", function()
    clock.at("2026-02-02")
    local shop, other = testing.shop(in_branch, given, "restaurant"), testing.shop(in_branch, given, "hardware")
    for _ = 1, 5 do call("POST", "/api/laybys", testing.body(shop, { items = { { productId = shop.product.id, quantity = 1 } } })) end
    call("POST", "/api/laybys", testing.body(other))
    local page = call("GET", "/api/laybys?businessId=" .. shop.place.id .. "&status=ACTIVE&limit=2").body
    expect(#page.items):equals(2)
    expect(page.items[1].id > page.items[2].id):is_true()
    local seen, cursor = 2, page.next_cursor
    while cursor do
      page = call("GET", "/api/laybys?businessId=" .. shop.place.id .. "&status=ACTIVE&limit=2&cursor=" .. cursor).body
      for _, one in ipairs(page.items) do expect(one.businessId):equals(shop.place.id) end
      seen, cursor = seen + #page.items, page.next_cursor
    end
    expect(seen):equals(5)
    expect(#call("GET", "/api/laybys?status=COMPLETED&businessId=" .. shop.place.id).body.items):equals(0)
    expect(#call("GET", "/api/laybys?customerId=" .. other.customer.id).body.items):equals(1)
    expect(#call("GET", "/api/laybys?from=2026-02-03&businessId=" .. shop.place.id).body.items):equals(0)
    as_user { permissions = { "layby.view" }, branches = { other.place.code } }
    expect(#call("GET", "/api/laybys").body.items):equals(1)
    expect_reject { code = "layby.not_a_member", http = 403 } (function() call("GET", "/api/laybys?businessId=" .. shop.place.id) end)
  end)
end)
