local runs = require "layby.lib.runs"
local testing = require "layby.lib.testing"

describe("the automation of laybys", function()
  local shop, layby

  before_each(function()
    clock.at("2026-02-02")
    shop = testing.shop(in_branch, given, "clothing")
    layby = call("POST", "/api/laybys", testing.body(shop)).body
  end)

  ---A whole run, as the job takes its steps.
  local function run()
    local id = runs.begin("HAND")
    repeat local count = runs.step(id) until count == 0
    runs.finish(id)
    return record.get("layby.automation_run", id)
  end
  local function read() return call("GET", "/api/laybys/" .. layby.id).body end
  local function pay(amount) return call("POST", "/api/laybys/" .. layby.id .. "/payments", { amount = amount }) end
  local function notices(kind) return record.count("layby.notice", { layby = layby.id, kind = kind }) end

  it("reminds three days before, one day before and on the day, once each", function()
    local sent = 0
    clock.at("2026-02-20")
    for _ = 1, 11 do
      sent = sent + run().reminders
      expect(run().reminders):equals(0)
      clock.advance { days = 1 }
    end
    expect(date.today()):equals("2026-03-03")
    expect(sent):equals(3)
    for _, notice in ipairs(record.list("layby.notice", { filter = { layby = layby.id } })) do
      expect(notice.mail and notice.message):is_true()
    end
  end)

  it("sends one reminder where runs were missed", function()
    clock.at("2026-03-02")
    expect(run().reminders):equals(1)
    expect(notices("REMINDER")):equals(1)
  end)

  it("charges one late fee for an overdue period, and another for the next", function()
    clock.at("2026-03-03")
    local first = run()
    expect(first.late_fees):equals(1)
    expect(first.overdue_notices):equals(1)
    expect(read().lateFee):equals(500)
    expect(read().totalFees):equals(500)
    expect(read().balanceRemaining):equals(40500)
    expect_entry { { "2300", debit = "5.00" }, { "4100", credit = "5.00" } }
    for _ = 1, 9 do
      clock.advance { days = 1 }
      expect(run().late_fees):equals(0)
    end
    expect(notices("OVERDUE")):equals(2)
    pay(13334)
    expect(read().paymentDueDate):equals("2026-04-02")
    clock.at("2026-04-03")
    expect(run().late_fees):equals(1)
    expect(read().lateFee):equals(1000)
    expect(record.count("layby.late_fee", { layby = layby.id })):equals(2)
  end)

  it("does nothing to a layby that is on hold", function()
    call("POST", "/api/laybys/" .. layby.id .. "/hold")
    for _ = 1, 6 do
      clock.advance { days = 20 }
      expect(run().processed):equals(0)
    end
    expect(read().lateFee):equals(0)
    expect(read().status):equals("ON_HOLD")
  end)

  it("defaults after the missed payments of the terms, and not before", function()
    clock.at("2026-04-02")
    expect(run().defaults):equals(0)
    expect(read().status):equals("ACTIVE")
    clock.at("2026-04-03")
    expect(run().defaults):equals(1)
    local gone = read()
    expect(gone.status):equals("DEFAULTED")
    expect(notices("DEFAULT")):equals(1)
    expect(record.find("catalog.stock_level", { product = shop.product.id, branch = shop.place.id }).reserved):equals(decimal.new(0))
    clock.advance { days = 30 }
    expect(run().processed):equals(0)
  end)

  it("defaults a grocery's layby after one missed payment and its days of grace", function()
    local grocery = testing.shop(in_branch, given, "grocery")
    layby = call("POST", "/api/laybys", testing.body(grocery)).body
    expect(layby.paymentDueDate):equals("2026-02-09")
    clock.at("2026-02-16")
    expect(run().defaults):equals(0)
    clock.at("2026-02-17")
    expect(run().defaults):equals(1)
  end)

  it("completes what could not be completed when it was paid", function()
    local restaurant = testing.shop(in_branch, given, "grocery")
    layby = call("POST", "/api/laybys", testing.body(restaurant)).body
    local row = record.find("catalog.stock_level", { product = restaurant.product.id, branch = restaurant.place.id })
    row.quantity = decimal.new(1)
    row:save()
    local paid = pay(layby.balanceRemaining).body
    expect(paid.status):equals("ACTIVE")
    expect(paid.completionProblem):contains("T-COAT-grocery")
    local failed = run()
    expect(failed.errors):equals(1)
    expect(failed.last_error):contains(layby.laybyNumber)
    expect(call("GET", "/api/laybys/automation/status").body.errors):equals(1)
    row.quantity = decimal.new(5)
    row:save()
    expect(run().processed):equals(0)
    clock.advance { days = 1 }
    expect(run().completions):equals(1)
    expect(read().status):equals("COMPLETED")
  end)

  it("completes by the last payment where the terms say so", function()
    expect(pay(40000).body.status):equals("COMPLETED")
    expect(record.count("layby.business_order", { layby_id = layby.id })):equals(1)
  end)

  it("tells customers without an address by the other way, and goes on where one is broken", function()
    shop.customer.email = ""
    shop.customer:save()
    clock.at("2026-03-02")
    run()
    local notice = record.find("layby.notice", { layby = layby.id })
    expect(notice.mail):is_false()
    expect(notice.message):is_true()
    shop.customer.email = "not an address"
    shop.customer:save()
    clock.at("2026-03-03")
    expect(run().errors):equals(0)
  end)

  it("keeps the terms under which a layby was made", function()
    expect(read().ruleVersion):matches("^Rules/layby/clothing.lua@")
    local late_fee = rules.at("layby", read().ruleVersion).fees.late_fee_amount
    expect(late_fee):money("5.00")
    -- One that was made under the terms of another version, here of construction, is charged by these.
    record.update("layby.customer_layby", layby.id, { rule_version = rules.get("layby", "construction").version })
    clock.at("2026-03-03")
    run()
    expect(read().lateFee):equals(2500)
  end)

  it("charges no more for being late than what is left of the payments", function()
    call("POST", "/api/laybys/" .. layby.id .. "/payments/" .. layby.payments[1].id .. "/refund", { amount = 9700 })
    clock.at("2026-03-03")
    expect(run().late_fees):equals(1)
    expect(read().lateFee):equals(300)
    expect_entry { { "2300", debit = "3.00" }, { "4100", credit = "3.00" } }
  end)

  it("says who began a run: the schedule, or a hand", function()
    clock.at("2026-03-02")
    run_due()
    clock.at("2026-03-03")
    local function trigger() return call("GET", "/api/laybys/automation").body.lastRun.trigger end
    expect(run_job("automation").done):equals(1)
    expect(trigger()):equals("HAND")
    clock.advance { days = 1 }
    run_due()
    expect(trigger()):equals("SCHEDULE")
  end)

  it("does nothing while it is switched off, and says so", function()
    with_settings { automation_enabled = false }
    clock.at("2026-03-03")
    run_job("automation")
    local page = call("GET", "/api/laybys/automation").body
    expect(page.enabled):is_false()
    expect(page.nextRunAt):is_nil()
    expect(page.lastRun):is_nil()
    -- What was due on 27 February was never done.
    expect(page.late):is_true()
    expect(page.errors):equals(1)
  end)

  it("tells its tasks, its last runs and its errors", function()
    clock.at("2026-03-03")
    run()
    local page = call("GET", "/api/laybys/automation").body
    expect(page.enabled):is_true()
    expect(#page.tasks):equals(4)
    expect(page.tasks):contains { task = "LATE_FEES", count = 1 }
    expect(page.lastRun.processed):equals(1)
    expect(page.nextRunAt):equals("2026-03-04T06:00:00.000Z")
    expect(page.schedule):equals("0 6 * * *")
    local status = call("GET", "/api/laybys/automation/status").body
    expect(status.errors):equals(0)
    clock.advance { hours = 25 }
    expect(call("GET", "/api/laybys/automation/status").body.late):is_false()
    clock.advance { minutes = 1 }
    local late = call("GET", "/api/laybys/automation/status").body
    expect(late.late):is_true()
    expect(late.errors):equals(1)
    expect(call("POST", "/api/laybys/automation/run").status):equals(202)
    for _ = 1, 60 do run() end
    expect(#call("GET", "/api/laybys/automation").body.runs):equals(50)
  end)
end)
