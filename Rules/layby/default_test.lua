describe("layby terms", function()
  it("of any business are the prescribed figures", function()
    local set = rules.get("layby", "default")
    expect(tostring(set.deposit_percent.min)):equals("20")
    expect(tostring(set.deposit_percent.max)):equals("80")
    expect(tostring(set.deposit_percent.default)):equals("30")
    expect(set.installment_frequency.allowed):equals { "WEEKLY", "FORTNIGHTLY", "MONTHLY" }
    expect(set.installment_frequency.default):equals("MONTHLY")
    expect(set.max_duration_days):equals(90)
    expect(tostring(set.fees.service_fee_percent)):equals("0")
    expect(set.fees.late_fee_amount):money("5.00")
    expect(set.fees.administration_fee_amount):money("0.00")
    expect(tostring(set.fees.cancellation_fee_percent)):equals("10")
    expect(set.automation.reminder_days):equals { 3, 1, 0 }
    expect(set.automation.late_fee_after_days):equals(1)
  end)

  it("of clothes take 20 to 80 %, 20 % where none is named", function()
    local set = rules.get("layby", "clothing")
    expect(tostring(set.deposit_percent.min)):equals("20")
    expect(tostring(set.deposit_percent.max)):equals("80")
    expect(tostring(set.deposit_percent.default)):equals("20")
  end)

  it("are there for five trades, and the default for all others", function()
    for _, trade in ipairs { "clothing", "hardware", "grocery", "restaurant", "construction" } do
      local set = rules.get("layby", trade)
      expect(set.business_type):equals(trade)
      expect(set.automation.default_after_missed <= 2):is_true()
    end
    expect(rules.get("layby", "florist").business_type):equals("default")
  end)
end)
