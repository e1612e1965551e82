local access = require "layby.lib.access"

-- What adds up over branches.
local COUNTS = { "laybys", "active", "on_hold", "completed", "cancelled", "defaulted", "overdue" }
local AMOUNTS = { "total_amount", "total_paid", "outstanding", "deposits_held", "overdue_amount", "late_fees" }

local FIGURES = {
  { "branch", "integer", json = "businessId" },
  { "laybys", "integer" }, { "active", "integer" }, { "on_hold", "integer", json = "onHold" }, { "completed", "integer" },
  { "cancelled", "integer" }, { "defaulted", "integer" }, { "total_amount", "money", json = "totalAmount" },
  { "total_paid", "money", json = "totalPaid" }, { "average_amount", "money", json = "averageAmount" }, { "outstanding", "money" },
  { "deposits_held", "money", json = "depositsHeld" }, { "overdue", "integer" }, { "overdue_amount", "money", json = "overdueAmount" },
  { "late_fees", "money", json = "lateFees" },
  { "completion_rate", "decimal", json = "completionRate", description = "Percent of those that ended." },
  { "default_rate", "decimal", json = "defaultRate", description = "Percent of those that ended." },
}

local function percent(part, whole)
  return decimal.new(part * 100):div(decimal.new(math.max(1, whole)), 2, "down")
end

---The sum of the rows of all branches.
local function total(rows)
  local sum = {}
  for _, name in ipairs(COUNTS) do sum[name] = 0 end
  for _, name in ipairs(AMOUNTS) do sum[name] = money.of(0) end
  for _, row in ipairs(rows) do
    for _, name in ipairs(COUNTS) do sum[name] = sum[name] + row[name] end
    for _, name in ipairs(AMOUNTS) do sum[name] = sum[name] + row[name] end
  end
  local ended = sum.completed + sum.cancelled + sum.defaulted
  sum.average_amount = money.of(sum.total_amount.minor // math.max(1, sum.laybys))
  sum.completion_rate, sum.default_rate = percent(sum.completed, ended), percent(sum.defaulted, ended)
  return sum
end

return {
  method = "GET", path = "/api/laybys/analytics", permission = "layby.view", rate = "analytics",
  summary = "How the laybys stand, in all and by branch; kept for 15 minutes unless a layby changes",
  query = { { "business", "integer", json = "businessId", min = 1, description = "Of this branch only." } },
  output = {
    { "total", "object", fields = FIGURES }, { "businesses", "list", fields = FIGURES }, { "currency", "text" },
    { "computed_at", "instant", json = "computedAt" }, { "cached", "boolean" },
  },
  run = function(req)
    local business = req.query.business and access.place(req.query.business).id
    local answer = report.run("layby.analytics", { businessId = business })
    return {
      total = total(answer.items), businesses = answer.items, currency = tenant.currency, computed_at = answer.computed_at,
      cached = answer.cached,
    }
  end,
}
