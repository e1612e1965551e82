local testing = require "layby.lib.testing"

-- Which level may ask for which endpoint: read-only, standard, manager, admin.
local ENDPOINTS = {
  { "GET", "/api/laybys", 1 }, { "GET", "/api/laybys/{id}", 1 }, { "GET", "/api/laybys/{id}/payments", 1 },
  { "GET", "/api/laybys/analytics", 1 }, { "GET", "/api/laybys/rules", 1 },
  { "GET", "/api/laybys/payments", 1 }, { "POST", "/api/laybys/test-data/remove", 4 },
  { "POST", "/api/laybys", 2 }, { "PUT", "/api/laybys/{id}", 2 }, { "POST", "/api/laybys/{id}/payments", 2 },
  { "POST", "/api/laybys/{id}/payments/{pid}/refund", 3 }, { "POST", "/api/laybys/{id}/hold", 3 },
  { "POST", "/api/laybys/{id}/reactivate", 3 }, { "POST", "/api/laybys/{id}/cancel", 3 },
  { "GET", "/api/laybys/{id}/cancellation", 3 }, { "POST", "/api/laybys/{id}/complete", 3 },
  { "GET", "/api/laybys/automation", 4 }, { "GET", "/api/laybys/automation/status", 4 }, { "POST", "/api/laybys/automation/run", 4 },
  { "POST", "/api/laybys/{id}/recalculate", 4 }, { "POST", "/api/laybys/customers/allow", 4 },
}
local LEVELS = { "layby_read_only", "layby_standard", "layby_manager", "layby_admin" }

describe("the levels of permission", function()
  for level, role in ipairs(LEVELS) do
    it("of " .. role .. " open what is theirs and nothing else", function()
      clock.at("2026-02-02")
      local shop = testing.shop(in_branch, given, "clothing")
      local layby = call("POST", "/api/laybys", testing.body(shop)).body
      as_user { roles = { role } }
      for _, endpoint in ipairs(ENDPOINTS) do
        local path = endpoint[2]:gsub("{id}", tostring(layby.id)):gsub("{pid}", tostring(layby.payments[1].id))
        local status = call(endpoint[1], path).status
        expect(endpoint[1] .. " " .. endpoint[2] .. ((status == 403) and " closed" or " open")):equals(
          endpoint[1] .. " " .. endpoint[2] .. (endpoint[3] > level and " closed" or " open"))
      end
    end)
  end

  it("show everybody the terms in force", function()
    local shop = testing.shop(in_branch, given, "florist")
    as_user { roles = { "layby_read_only" } }
    local page = call("GET", "/api/laybys/rules?businessId=" .. shop.place.id).body
    expect(page.businessType):equals("florist")
    expect(page.source):matches("^Rules/layby/default.lua@")
    expect(page.fees.lateFeeAmount):equals(500)
    expect(page.depositPercent.default):equals("30")
    expect(page.automation.reminder_days):equals { 3, 1, 0 }
  end)

  it("of the one flag of old are a manager's and the automation's page", function()
    as_user { permissions = { "canManageLaybys" } }
    expect(call("GET", "/api/laybys/automation").status):equals(200)
    expect(call("POST", "/api/laybys/customers/allow").status):equals(403)
    as_user { roles = { "manager" } }
    expect(call("GET", "/api/laybys").status):equals(200)
  end)

  it("let a standard user's last payment complete a layby by its terms", function()
    clock.at("2026-02-02")
    local shop = testing.shop(in_branch, given, "clothing")
    local layby = call("POST", "/api/laybys", testing.body(shop)).body
    as_user { roles = { "layby_standard" } }
    expect(call("POST", "/api/laybys/" .. layby.id .. "/payments", { amount = 40000 }).body.status):equals("COMPLETED")
  end)
end)
