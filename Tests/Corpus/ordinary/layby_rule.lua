-- expect: ok
-- result: [{"deposit_minor":2000,"fee_minor":500,"problems":[]}]
return function()
  local rules = { deposit = { min = 20, max = 80, default = 20 }, fees = { late = function(days) return days > 30 and 1000 or 500 end } }
  local layby = { total_minor = 10000, deposit_percent = 20, days_overdue = 3 }
  local problems = {}
  local p = layby.deposit_percent or rules.deposit.default
  if p < rules.deposit.min then problems[#problems + 1] = "deposit too small" end
  if p > rules.deposit.max then problems[#problems + 1] = "deposit too large" end
  return { deposit_minor = layby.total_minor * p // 100, fee_minor = rules.fees.late(layby.days_overdue), problems = problems }
end
