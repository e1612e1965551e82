local allowance = require "layby.lib.allowance"
local archive = require "layby.lib.archive"
local testing = require "layby.lib.testing"

describe("the upkeep of laybys", function()
  local shop, layby

  before_each(function()
    clock.at("2026-02-02")
    shop = testing.shop(in_branch, given, "clothing")
    layby = call("POST", "/api/laybys", testing.body(shop)).body
  end)

  local function rows(report) return call("GET", "/api/reports/layby." .. report).body.items end
  local function pay(amount) return call("POST", "/api/laybys/" .. layby.id .. "/payments", { amount = amount }).body end
  local function recalculate(changes)
    local body = { reason = "It did not add up" }
    for name, value in pairs(changes or {}) do body[name] = value end
    return call("POST", "/api/laybys/" .. layby.id .. "/recalculate", body).body
  end

  it("finds nothing wrong where nothing is, refunds included", function()
    local payment = pay(5000).payment
    call("POST", "/api/laybys/" .. layby.id .. "/payments/" .. payment.id .. "/refund", { amount = 2000 })
    for _, check in ipairs { "check_balance", "check_completed", "check_payments" } do expect(rows(check)):equals {} end
  end)

  it("lists a wrong balance, and works it out anew with a reason", function()
    record.update("layby.customer_layby", layby.id, { balance_remaining = money "123.45" })
    local found = rows("check_balance")
    expect(#found):equals(1)
    expect(found):contains { laybyNumber = layby.laybyNumber, balanceRemaining = 12345, calculatedBalance = 40000 }
    expect(recalculate({ dryRun = true }).changed):is_false()
    expect(#rows("check_balance")):equals(1)
    local done = recalculate()
    expect(done.changed):is_true()
    expect(done.before.balanceRemaining):equals(12345)
    expect(done.after.balanceRemaining):equals(40000)
    expect(rows("check_balance")):equals {}
    expect(record.find("layby.recalculation", { layby_id = layby.id }).before.balance_remaining):equals(12345)
    expect(recalculate().changed):is_false()
    expect(pay(40000).status):equals("COMPLETED")
    expect(call("POST", "/api/laybys/" .. layby.id .. "/recalculate", {}).status):equals(422)
  end)

  it("lists payments that do not add up, and completed laybys with a balance", function()
    record.update("layby.customer_layby", layby.id, { total_paid = money "99.00", balance_remaining = money "401.00" })
    expect(rows("check_payments")):contains { laybyNumber = layby.laybyNumber, difference = -100 }
    recalculate()
    expect(rows("check_payments")):equals {}
    -- Refunds count as negative.
    call("POST", "/api/laybys/" .. layby.id .. "/payments/" .. layby.payments[1].id .. "/refund", { amount = 2000 })
    record.update("layby.customer_layby", layby.id, { total_paid = money "100.00", balance_remaining = money "400.00" })
    expect(rows("check_payments")):contains { laybyNumber = layby.laybyNumber, difference = 2000 }
    expect(recalculate().after.totalPaid):equals(8000)
    pay(42000)
    record.update("layby.customer_layby", layby.id, { balance_remaining = money "1.00" })
    expect(rows("check_completed")):contains { laybyNumber = layby.laybyNumber, balanceRemaining = 100 }
  end)

  it("moves what was completed more than two years ago to the archive, where it stays readable", function()
    pay(40000)
    local before = call("GET", "/api/laybys/" .. layby.id).body
    clock.at("2028-02-02")
    expect(archive.step(date.add(date.today(), { months = -24 }))):equals(0)
    clock.at("2028-02-03")
    expect(archive.step(date.add(date.today(), { months = -24 }))):equals(1)
    expect(record.find("layby.customer_layby", { id = layby.id })):is_nil()
    expect(record.count("layby.customer_layby_payment", { layby = layby.id })):equals(0)
    local after = call("GET", "/api/laybys/" .. layby.id).body
    expect(after.archived):is_true()
    for _, name in ipairs { "laybyNumber", "status", "totalAmount", "totalPaid", "items", "completedAt", "orderNumber", "createdAt" } do
      expect(after[name]):equals(before[name])
    end
    expect(#after.payments):equals(#before.payments)
    expect(#call("GET", "/api/laybys/" .. layby.id .. "/payments").body.items):equals(2)
    expect(call("POST", "/api/laybys/" .. layby.id .. "/hold").status):equals(404)
    as_user { permissions = { "layby.view" }, branches = { in_branch("T-OTHER").code } }
    expect(call("GET", "/api/laybys/" .. layby.id).status):equals(403)
  end)

  it("allows all active customers at once", function()
    for index = 1, 10 do given.record("catalog.customer", { name = "C" .. index }) end
    for index = 1, 2 do given.record("catalog.customer", { name = "I" .. index, active = false }) end
    local waiting = record.count("catalog.customer", { active = true, x_layby_allow_layby = false })
    expect(waiting >= 10):is_true()
    local answer = call("POST", "/api/laybys/customers/allow", { reason = "New season" }).body
    expect(answer.changed):equals(waiting)
    expect(answer.remaining):equals(0)
    expect(record.count("catalog.customer", { active = false, x_layby_allow_layby = false })):equals(2)
    expect(record.count("layby.customer_enabling", { customers = waiting })):equals(1)
  end)

  it("goes on with very many customers by a job", function()
    for index = 1, 30 do given.record("catalog.customer", { name = "C" .. index }) end
    local waiting, done = allowance.waiting(), 0
    repeat
      local count = allowance.step(25)
      done = done + count
    until count == 0
    expect(done):equals(waiting)
    expect(allowance.waiting()):equals(0)
  end)

  it("lists payments by who took them", function()
    pay(100)
    local mine = call("GET", "/api/laybys/payments?processedBy=" .. user.current().id .. "&businessId=" .. shop.place.id).body.items
    expect(#mine):equals(2)
    expect(mine[1].amount):equals(100)
    expect(#call("GET", "/api/laybys/payments?processedBy=999").body.items):equals(0)
    expect(#call("GET", "/api/laybys/payments?through=2026-02-01").body.items):equals(0)
    as_user { permissions = { "layby.view" }, branches = { in_branch("T-OTHER").code } }
    expect(#call("GET", "/api/laybys/payments").body.items):equals(0)
  end)

  it("removes trials, and nothing that was posted", function()
    expect(call("POST", "/api/laybys/test-data/remove").body.removed):equals(0)
    record.update("layby.customer_layby", layby.id, { layby_number = "LAY-TEST-1" })
    expect_reject { code = "layby.posted", http = 409 } (function() call("POST", "/api/laybys/test-data/remove") end)
    local free = {}
    for name, value in pairs(record.get("layby.customer_layby", layby.id):old()) do free[name] = value end
    free.id, free.version, free.created_at, free.updated_at, free.created_by = nil, nil, nil, nil, nil
    record.update("layby.customer_layby", layby.id, { layby_number = "LAY-1" })
    free.layby_number = "LAY-TEST-2"
    local trial = record.create("layby.customer_layby", free)
    expect(call("POST", "/api/laybys/test-data/remove").body.removed):equals(1)
    expect(record.find("layby.customer_layby", { id = trial.id })):is_nil()
    expect(record.exists("layby.customer_layby", { id = layby.id })):is_true()
  end)

  it("tells who made laybys and who took payments, the largest first", function()
    pay(100)
    expect(rows("created_by_user")):contains { createdBy = user.current().id, count = 1, total = 50000 }
    expect(rows("payments_by_user")):contains { processedBy = user.current().id, count = 2, total = 10100 }
    clock.advance { days = 8 }
    expect(rows("created_by_user")):equals {}
  end)

  it("tells how the laybys stand", function()
    local second = call("POST", "/api/laybys", testing.body(shop)).body
    pay(40000)
    clock.at("2026-03-05")
    local glance = rows("analytics?businessId=" .. shop.place.id)[1]
    expect(glance.laybys):equals(2)
    expect(glance.active):equals(1)
    expect(glance.completed):equals(1)
    expect(glance.outstanding):equals(second.balanceRemaining)
    expect(glance.depositsHeld):equals(10000)
    expect(glance.overdue):equals(1)
    expect(glance.overdueAmount):equals(40000)
    expect(glance.completionRate):equals("100")
    local page = call("GET", "/api/laybys/analytics?businessId=" .. shop.place.id).body
    expect(page.total.outstanding):equals(40000)
    expect(page.businesses[1].overdue):equals(1)
    as_user { permissions = { "layby.view" }, branches = { in_branch("T-OTHER").code } }
    expect(call("GET", "/api/laybys/analytics?businessId=" .. shop.place.id).status):equals(403)
    expect(call("GET", "/api/laybys/analytics").body.total.laybys):equals(0)
  end)
end)
