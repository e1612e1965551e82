local access = require "layby.lib.access"
local terms = require "layby.lib.terms"

return {
  method = "GET", path = "/api/laybys/rules", permission = "layby.view",
  summary = "The terms for new laybys of a business, to read; they are changed as rule files",
  query = { { "business", "integer", json = "businessId", required = true, min = 1, description = "The branch's id." } },
  output = {
    { "business_type", "text", json = "businessType", description = "Of the business." },
    { "source", "text", description = "The rule file and its version." },
    { "deposit_percent", "object", json = "depositPercent", fields = {
      { "min", "percent" }, { "max", "percent" }, { "default", "percent" },
    } },
    { "installment_frequency", "object", json = "installmentFrequency", fields = { { "allowed", "list" }, { "default", "text" } } },
    { "max_duration_days", "integer", json = "maxDurationDays" },
    { "fees", "object", fields = {
      { "service_fee_percent", "percent", json = "serviceFeePercent" },
      { "late_fee_amount", "money", json = "lateFeeAmount", description = "null where it depends on the layby." },
      { "administration_fee_amount", "money", json = "administrationFeeAmount" },
      { "cancellation_fee_percent", "percent", json = "cancellationFeePercent" },
    } },
    { "policies", "object" }, { "automation", "object" }, { "validation", "object" },
  },
  run = function(req)
    local place = access.place(req.query.business)
    local set = terms.in_force(place.business_type)
    set.business_type, set.source = place.business_type, set.version
    if not money.is(set.fees.late_fee_amount) then set.fees.late_fee_amount = nil end
    return set
  end,
}
