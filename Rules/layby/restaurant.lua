-- Layby terms: catering and bookings. All figures are ours, for the owner to confirm: a table or a feast is paid before its day,
-- nothing is put aside, and a late cancellation costs more.
return {
  contract = "layby", business_type = "restaurant",
  deposit_percent = { min = 30, max = 90, default = 50 },
  installment_frequency = { allowed = { "WEEKLY", "FORTNIGHTLY", "MONTHLY" }, default = "MONTHLY" },
  max_duration_days = 60,
  fees = {
    service_fee_percent = 0,
    late_fee_amount = "5.00",
    administration_fee_amount = "0",
    cancellation_fee_percent = 20,
  },
  policies = {
    inventory = { reserve = "COMPLETE", on_hold = "KEEP" },
    refunds = { allowed = true, on_cancel = "REFUND", on_default = "CREDIT", keep_start_fees = true },
    approval = { above = "0" },
  },
  automation = {
    auto_complete = false,
    reminder_days = { 3, 1, 0 },
    overdue_notice_days = { 1, 7, 14 },
    late_fee_after_days = 1,
    default_after_missed = 1,
    default_grace_days = 7,
  },
  validation = { min_items = 1, max_items = 100, min_amount = "10.00", max_amount = "100000.00" },
}
