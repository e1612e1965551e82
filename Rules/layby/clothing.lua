-- Layby terms: clothes and shoes. The deposit is prescribed; all else is ours, for the owner to confirm: the default's
-- fees, and a shop that hands over when the last payment is made.
return {
  contract = "layby", business_type = "clothing",
  deposit_percent = { min = 20, max = 80, default = 20 },
  installment_frequency = { allowed = { "WEEKLY", "FORTNIGHTLY", "MONTHLY" }, default = "MONTHLY" },
  max_duration_days = 90,
  fees = {
    service_fee_percent = 0,
    late_fee_amount = "5.00",
    administration_fee_amount = "0",
    cancellation_fee_percent = 10,
  },
  policies = {
    inventory = { reserve = "CREATE", on_hold = "KEEP" },
    refunds = { allowed = true, on_cancel = "REFUND", on_default = "CREDIT", keep_start_fees = true },
    approval = { above = "0" },
  },
  automation = {
    auto_complete = true,
    reminder_days = { 3, 1, 0 },
    overdue_notice_days = { 1, 7, 14 },
    late_fee_after_days = 1,
    default_after_missed = 2,
    default_grace_days = 0,
  },
  validation = { min_items = 1, max_items = 30, min_amount = "10.00", max_amount = "20000.00" },
}
