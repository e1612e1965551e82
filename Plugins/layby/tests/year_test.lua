-- Months of many laybys, day by day, with runs that end in the middle, are repeated, or asked for several times: every notice
-- and every fee is there exactly once, on its day.
local runs = require "layby.lib.runs"
local testing = require "layby.lib.testing"

local LAYBYS, DAYS = 30, 130
local REMINDERS, OVERDUE = { 0, 1, 3 }, { 14, 7, 1 }

---A run of which the process ends after so many steps; nil for one that comes to its end.
local function run(steps)
  local id = runs.begin("SCHEDULE")
  while steps ~= 0 do
    if runs.step(id) == 0 then
      runs.finish(id)
      break
    end
    steps = steps and steps - 1
  end
  expect(record.get("layby.automation_run", id).errors):equals(0)
end

describe("months of laybys", function()
  for seed = 1, 3 do
    it("leave every notice and fee exactly once, whatever is killed and repeated, seed " .. seed, function()
      math.randomseed(seed)
      local day = "2026-01-05"
      clock.at(day)
      local shop = testing.shop(in_branch, given, "clothing")
      local frequencies = { "WEEKLY", "FORTNIGHTLY", "MONTHLY" }
      local wanted, fees, made = {}, {}, 0
      for _ = 1, DAYS do
        clock.at(day)
        -- What there should be of this day, by the due dates alone.
        for _, layby in ipairs(record.list("layby.customer_layby", { filter = { status = "ACTIVE" } })) do
          local days = date.diff(layby.payment_due_on, day)
          local key = layby.id .. " " .. layby.payment_due_on
          -- Of several that were missed, since what is due has just moved, the latest is sent.
          for _, before in ipairs(REMINDERS) do
            if days <= 0 and -days <= before then
              wanted[key .. " REMINDER " .. before] = true
              break
            end
          end
          for _, after in ipairs(OVERDUE) do
            if days >= after then
              wanted[key .. " OVERDUE " .. after] = true
              break
            end
          end
          if days >= 1 then
            wanted[key .. " LATE_FEE 0"] = true
            fees[key] = true
          end
        end
        if math.random(3) == 1 then run(math.random(0, 2)) end
        run()
        if math.random(3) == 1 then run() end
        for _ = 1, 2 do
          if made < LAYBYS and math.random(2) == 1 then
            made = made + 1
            call("POST", "/api/laybys", testing.body(shop, {
              installmentFrequency = frequencies[math.random(3)], items = { { productId = shop.product.id, quantity = math.random(1, 2) } },
            }))
          end
        end
        -- Who owes something pays it sooner or later, or never.
        for _, layby in ipairs(record.list("layby.customer_layby", { filter = { status = "ACTIVE", payment_due_on = { le = day } } })) do
          if layby.id % 5 ~= 0 and math.random(2) == 1 then
            call("POST", "/api/laybys/" .. layby.id .. "/payments", { amount = layby.installment_amount.minor })
          end
        end
        day = date.add(day, { days = 1 })
      end

      local found, charged, defaults = {}, {}, 0
      for _, notice in ipairs(record.list("layby.notice", { limit = 10000 })) do
        if notice.kind == "DEFAULT" then
          defaults = defaults + 1
        else
          local key = notice.layby .. " " .. notice.due_on .. " " .. notice.kind .. " " .. notice.days
          expect(found[key]):is_nil()
          found[key] = true
        end
      end
      for _, fee in ipairs(record.list("layby.late_fee", { limit = 10000 })) do charged[fee.layby .. " " .. fee.due_on] = true end
      expect(found):equals(wanted)
      expect(charged):equals(fees)
      expect(defaults):equals(record.count("layby.customer_layby", { status = "DEFAULTED" }))
      expect(defaults > 0 and record.count("layby.customer_layby", { status = "COMPLETED" }) > 0):is_true()
      expect_balanced()
    end)
  end
end)
