-- The terms of laybys for one type of business. A layby keeps the version under which it was made.
local FREQUENCIES = { WEEKLY = true, FORTNIGHTLY = true, MONTHLY = true }

return {
  id = "layby", title = "Layby terms", key = "branch.business_type", fallback = "default",
  fields = {
    { "business_type", "text", required = true, max = 40,
      description = "The type of business that the terms are for; default for all others." },

    { "deposit_percent.min", "percent", required = true, description = "The least deposit, of the total." },
    { "deposit_percent.max", "percent", required = true, description = "The most deposit, of the total." },
    { "deposit_percent.default", "percent", required = true, description = "The deposit where none is named." },

    { "installment_frequency.allowed", "list", required = true, min = 1, max = 3, description = "WEEKLY, FORTNIGHTLY, MONTHLY." },
    { "installment_frequency.default", "enum", values = { "WEEKLY", "FORTNIGHTLY", "MONTHLY" }, required = true },

    { "max_duration_days", "integer", required = true, min = 1, max = 1095, description = "From the first day to the last instalment." },

    { "fees.service_fee_percent", "percent", required = true, description = "Of the total, once, at the start." },
    { "fees.late_fee_amount", "money", required = true, min = 0, or_function = { "layby", "integer" },
      description = "Once for each overdue period; of the layby and the days that it is overdue." },
    { "fees.administration_fee_amount", "money", required = true, min = 0, description = "Once, at the start." },
    { "fees.cancellation_fee_percent", "percent", required = true, description = "Of the total, at most what was paid." },

    { "policies.inventory.reserve", "enum", values = { "CREATE", "COMPLETE" }, required = true,
      description = "CREATE puts the goods aside at once, COMPLETE takes them off the shelf when they are handed over." },
    { "policies.inventory.on_hold", "enum", values = { "KEEP", "RELEASE" }, required = true,
      description = "What becomes of the goods while the layby is on hold." },
    { "policies.refunds.allowed", "boolean", required = true, description = "Whether single payments may be refunded." },
    { "policies.refunds.on_cancel", "enum", values = { "REFUND", "CREDIT", "FORFEIT" }, required = true,
      description = "What becomes of the rest after the fee: paid back, kept for the customer, or forfeited." },
    { "policies.refunds.on_default", "enum", values = { "CREDIT", "FORFEIT" }, required = true,
      description = "The same, when the layby is defaulted." },
    { "policies.refunds.keep_start_fees", "boolean", required = true,
      description = "Whether service and administration fee are kept when it ends early." },
    { "policies.approval.above", "money", required = true, min = 0,
      description = "Laybys above this total take layby.approve; 0 for none." },

    { "automation.auto_complete", "boolean", required = true, description = "Whether the last payment completes the layby." },
    { "automation.reminder_days", "list", required = true, max = 10, description = "Days before the due date: 3, 1 and 0." },
    { "automation.overdue_notice_days", "list", required = true, max = 30, description = "Days after the due date." },
    { "automation.late_fee_after_days", "integer", required = true, min = 1, max = 90, description = "Days after the due date." },
    { "automation.default_after_missed", "integer", required = true, min = 1, max = 12, description = "Missed payments." },
    { "automation.default_grace_days", "integer", required = true, min = 0, max = 90,
      description = "A payment counts as missed so many days after its due date has passed." },

    { "validation.min_items", "integer", required = true, min = 1, max = 300 },
    { "validation.max_items", "integer", required = true, min = 1, max = 300,
      description = "As many as are put back on sale in one step." },
    { "validation.min_amount", "money", required = true, min = 0 },
    { "validation.max_amount", "money", required = true, min = 0 },
  },
  check = function(rules)
    local found = {}
    local function fault(field, message) found[#found + 1] = { field = field, message = message } end
    local percent = rules.deposit_percent
    local least, most, usual = decimal.new(percent.min), decimal.new(percent.max), decimal.new(percent.default)
    if most < least then fault("deposit_percent.max", "is below min") end
    if usual < least or usual > most then
      fault("deposit_percent.default", "is " .. tostring(usual) .. ", outside " .. tostring(least) .. " to " .. tostring(most))
    end
    local frequency, default_allowed = rules.installment_frequency, false
    for index, word in ipairs(frequency.allowed) do
      if not FREQUENCIES[word] then
        fault("installment_frequency.allowed[" .. index .. "]", "must be WEEKLY, FORTNIGHTLY or MONTHLY")
      end
      default_allowed = default_allowed or word == frequency.default
    end
    if not default_allowed then fault("installment_frequency.default", "is not one of those allowed") end
    for _, name in ipairs { "reminder_days", "overdue_notice_days" } do
      for index, days in ipairs(rules.automation[name]) do
        if math.type(days) ~= "integer" or days < 0 or days > 365 then
          fault("automation." .. name .. "[" .. index .. "]", "must be a number of days from 0 to 365")
        end
      end
    end
    local validation = rules.validation
    if validation.max_items < validation.min_items then fault("validation.max_items", "is below min_items") end
    if decimal.new(validation.max_amount) < decimal.new(validation.min_amount) then
      fault("validation.max_amount", "is below min_amount")
    end
    return found
  end,
}
