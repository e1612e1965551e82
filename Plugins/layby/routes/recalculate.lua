local access = require "layby.lib.access"
local recalculation = require "layby.lib.recalculation"

local FIGURES = {
  { "late_fee", "money", json = "lateFee" }, { "total_fees", "money", json = "totalFees" }, { "total_paid", "money", json = "totalPaid" },
  { "balance_remaining", "money", json = "balanceRemaining" }, { "payment_due_on", "date", json = "paymentDueDate" },
}

return {
  method = "POST", path = "/api/laybys/{id}/recalculate", permission = "layby.configure",
  summary = "Work out anew what a layby's payments and fees come to; with dryRun only tell",
  params = { access.LAYBY },
  input = {
    { "reason", "text", required = true, min = 3, max = 500, example = "Balance did not match after the import" },
    { "dry_run", "boolean", json = "dryRun", default = false },
  },
  output = {
    { "id", "integer" }, { "layby_number", "text", json = "laybyNumber" }, { "changed", "boolean" },
    { "before", "object", fields = FIGURES }, { "after", "object", fields = FIGURES },
  },
  run = function(req)
    local layby = access.layby(req.params.id)
    local before, after = recalculation.inspect(layby)
    local agree = recalculation.agree(before, after)
    if not agree and not req.body.dry_run then
      if layby.balance_remaining:is_negative() then
        access.refuse("layby.overpaid", "balanceRemaining", "More was paid than is owed: refund "
          .. (-layby.balance_remaining):format() .. " first.", 409)
      end
      layby:save()
      record.create("layby.recalculation", {
        layby_id = layby.id, layby_number = layby.layby_number, reason = req.body.reason, before = before, after = after,
      })
    end
    return {
      id = layby.id, layby_number = layby.layby_number, changed = not agree and not req.body.dry_run, before = before, after = after,
    }
  end,
}
