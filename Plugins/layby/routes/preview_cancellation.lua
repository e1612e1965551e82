local access = require "layby.lib.access"
local settlement = require "layby.lib.settlement"
local terms = require "layby.lib.terms"

return {
  method = "GET", path = "/api/laybys/{id}/cancellation", permission = "layby.cancel",
  summary = "What cancelling a layby would cost and pay back, by its own terms",
  params = { access.LAYBY },
  output = {
    { "id", "integer" }, { "layby_number", "text", json = "laybyNumber" }, { "total_paid", "money", json = "totalPaid" },
    { "fee", "money", json = "cancellationFee" }, { "outcome", "text" }, { "refund", "money", json = "refundAmount" },
    { "credited", "money", json = "creditAmount" }, { "forfeited", "money", json = "forfeitedAmount" },
  },
  run = function(req)
    local layby = access.layby(req.params.id)
    if layby.status ~= "ACTIVE" and layby.status ~= "ON_HOLD" then
      access.refuse("layby.nothing_to_cancel", "status", layby.layby_number .. " is " .. layby.status .. " and cannot be cancelled.")
    end
    local outcome = terms.of(layby).policies.refunds.on_cancel
    local answer = settlement.figures(layby, outcome)
    answer.id, answer.layby_number, answer.total_paid = layby.id, layby.layby_number, layby.total_paid
    answer.outcome = outcome
    return answer
  end,
}
