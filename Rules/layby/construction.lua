-- Layby terms: building materials and plant. All figures are ours, for the owner to confirm: large sums over long times, with approval.
return {
  contract = "layby", business_type = "construction",
  deposit_percent = { min = 20, max = 70, default = 30 },
  installment_frequency = { allowed = { "FORTNIGHTLY", "MONTHLY" }, default = "MONTHLY" },
  max_duration_days = 180,
  fees = {
    service_fee_percent = 1,
    late_fee_amount = "25.00",
    administration_fee_amount = "20.00",
    cancellation_fee_percent = 10,
  },
  policies = {
    inventory = { reserve = "CREATE", on_hold = "KEEP" },
    refunds = { allowed = true, on_cancel = "REFUND", on_default = "CREDIT", keep_start_fees = true },
    approval = { above = "50000.00" },
  },
  automation = {
    auto_complete = false,
    reminder_days = { 3, 1, 0 },
    overdue_notice_days = { 1, 7, 14 },
    late_fee_after_days = 1,
    default_after_missed = 2,
    default_grace_days = 0,
  },
  validation = { min_items = 1, max_items = 200, min_amount = "100.00", max_amount = "1000000.00" },
}
