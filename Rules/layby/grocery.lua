-- Layby terms: food and household goods. All figures are ours, for the owner to confirm: goods that do not keep are taken off the
-- shelf only when they are handed over, and time is short.
return {
  contract = "layby", business_type = "grocery",
  deposit_percent = { min = 30, max = 90, default = 50 },
  installment_frequency = { allowed = { "WEEKLY", "FORTNIGHTLY" }, default = "WEEKLY" },
  max_duration_days = 42,
  fees = {
    service_fee_percent = 0,
    late_fee_amount = "2.00",
    administration_fee_amount = "0",
    cancellation_fee_percent = 5,
  },
  policies = {
    inventory = { reserve = "COMPLETE", on_hold = "KEEP" },
    refunds = { allowed = true, on_cancel = "REFUND", on_default = "CREDIT", keep_start_fees = true },
    approval = { above = "0" },
  },
  automation = {
    auto_complete = true,
    reminder_days = { 3, 1, 0 },
    overdue_notice_days = { 1, 7, 14 },
    late_fee_after_days = 1,
    default_after_missed = 1,
    default_grace_days = 7,
  },
  validation = { min_items = 1, max_items = 200, min_amount = "5.00", max_amount = "10000.00" },
}
