-- What a hire costs when it comes back late.
return {
  contract = "rental.fees", id = "standard",
  longest_days = 30,
  -- half as much again for each day
  late_fee = function(daily_rate, days_late)
    return daily_rate:mul(decimal.new("1.5"), "half_up"):mul(decimal.new(days_late), "half_up")
  end,
}
