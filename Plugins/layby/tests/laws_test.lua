-- Random lives of laybys: whatever is done, the amounts of each add up, the books agree with all of them, and no goods are lost.
local automation_runs = require "layby.lib.runs"
local terms = require "layby.lib.terms"
local testing = require "layby.lib.testing"

describe("the laws of laybys", function()
  local function life(business_type, seed)
    it("hold in a random life at a " .. business_type .. ", seed " .. seed, function()
      math.randomseed(seed)
      clock.at("2026-02-02")
      local shop = testing.shop(in_branch, given, business_type)
      local before = ledger.balance("2300")
      local credit_before = ledger.account("2310") and ledger.balance("2310") or money.of(0)
      local ids = {}

      local function any() return ids[math.random(#ids)] end
      local function ask(id, step, body) return call("POST", "/api/laybys/" .. id .. "/" .. step, body or {}) end
      local steps = {
        function()
          if #ids >= 4 then return end
          local items = { { productId = shop.product.id, quantity = math.random(1, 5) } }
          local answer = call("POST", "/api/laybys", testing.body(shop, { items = items, depositPercent = math.random(30, 60) }))
          if answer.status == 201 then ids[#ids + 1] = answer.body.id end
        end,
        function() ask(any(), "payments", { amount = math.random(1, 20000) }) end,
        function() ask(any(), "payments", { amount = math.random(1, 5000), paymentMethod = "Customer Credit" }) end,
        function()
          local id = any()
          local payments = record.list("layby.customer_layby_payment", { filter = { layby = id } })
          if #payments > 0 then
            ask(id, "payments/" .. payments[math.random(#payments)].id .. "/refund", { amount = math.random(1, 12000) })
          end
        end,
        function() ask(any(), "hold") end,
        function() ask(any(), "reactivate") end,
        function() if math.random(3) == 1 then ask(any(), "cancel") end end,
        function() ask(any(), "complete") end,
        function()
          clock.advance { days = math.random(1, 20) }
          local run = automation_runs.begin("HAND")
          repeat local count = automation_runs.step(run) until count == 0
          automation_runs.finish(run)
          expect(record.get("layby.automation_run", run).last_error):is_nil()
        end,
      }

      local function check()
        local open, put_aside, handed_over = before - before, decimal.new(0), decimal.new(0)
        for _, id in ipairs(ids) do
          local layby = record.get("layby.customer_layby", id)
          expect(layby.total_fees):equals(layby.service_fee + layby.late_fee + layby.administration_fee)
          expect(layby.balance_remaining):equals(layby.total_amount + layby.total_fees - layby.total_paid)
          local sum = before - before
          for _, payment in ipairs(record.list("layby.customer_layby_payment", { filter = { layby = id } })) do
            sum = sum + payment.amount
          end
          expect(layby.total_paid):equals(sum)
          local fees = before - before
          for _, fee in ipairs(record.list("layby.late_fee", { filter = { layby = id } })) do fees = fees + fee.amount end
          expect(layby.late_fee):equals(fees)
          local is_open = layby.status == "ACTIVE" or layby.status == "ON_HOLD"
          if is_open then open = open + layby.total_paid - layby.late_fee end
          if is_open and terms.reserves(layby) then put_aside = put_aside + layby.items[1].quantity end
          if layby.status == "COMPLETED" then
            handed_over = handed_over + layby.items[1].quantity
            expect(layby.balance_remaining):money("0.00")
          end
        end
        expect(ledger.balance("2300") - before):equals(open)
        local credit = record.find("layby.customer_credit", { customer = shop.customer.id })
        if credit then expect(ledger.balance("2310") - credit_before):equals(credit.balance) end
        local level = record.find("catalog.stock_level", { product = shop.product.id, branch = shop.place.id })
        expect(level.reserved):equals(put_aside)
        expect(level.quantity + level.reserved + handed_over):equals(decimal.new(20))
        expect_balanced()
      end

      steps[1]()
      for _ = 1, 40 do
        steps[math.random(#steps)]()
        check()
      end
    end)
  end

  for _, business_type in ipairs { "clothing", "grocery", "construction", "florist" } do
    for seed = 1, 3 do life(business_type, seed) end
  end
end)
