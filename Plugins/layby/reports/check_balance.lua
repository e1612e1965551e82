-- Laybys whose stored balance is not totalAmount + totalFees - totalPaid. There should be none, in any status.
return {
  id = "check_balance", title = "Laybys with a wrong balance", permission = "layby.configure",
  sql = [[
    SELECT id, layby_number, status, total_amount_minor, total_fees_minor, total_paid_minor, balance_remaining_minor,
      total_amount_minor + total_fees_minor - total_paid_minor
    FROM layby_customer_laybys
    WHERE balance_remaining_minor <> total_amount_minor + total_fees_minor - total_paid_minor
      OR total_fees_minor <> service_fee_minor + late_fee_minor + administration_fee_minor
    ORDER BY id
  ]],
  columns = {
    { "id", "integer" }, { "layby_number", "text", json = "laybyNumber" }, { "status", "text" },
    { "total_amount", "money", json = "totalAmount" }, { "total_fees", "money", json = "totalFees" },
    { "total_paid", "money", json = "totalPaid" }, { "stored_balance", "money", json = "balanceRemaining" },
    { "calculated_balance", "money", json = "calculatedBalance" },
  },
}
