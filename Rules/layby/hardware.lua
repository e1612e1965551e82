-- Layby terms: tools and building supplies. All figures are ours, for the owner to confirm: dear goods, more time, a fee for storage.
return {
  contract = "layby", business_type = "hardware",
  deposit_percent = { min = 25, max = 80, default = 30 },
  installment_frequency = { allowed = { "WEEKLY", "FORTNIGHTLY", "MONTHLY" }, default = "MONTHLY" },
  max_duration_days = 120,
  fees = {
    service_fee_percent = 0,
    late_fee_amount = "7.50",
    administration_fee_amount = "5.00",
    cancellation_fee_percent = 10,
  },
  policies = {
    inventory = { reserve = "CREATE", on_hold = "KEEP" },
    refunds = { allowed = true, on_cancel = "REFUND", on_default = "CREDIT", keep_start_fees = true },
    approval = { above = "20000.00" },
  },
  automation = {
    auto_complete = true,
    reminder_days = { 3, 1, 0 },
    overdue_notice_days = { 1, 7, 14 },
    late_fee_after_days = 1,
    default_after_missed = 2,
    default_grace_days = 0,
  },
  validation = { min_items = 1, max_items = 50, min_amount = "10.00", max_amount = "200000.00" },
}
