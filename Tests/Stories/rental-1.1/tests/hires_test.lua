describe("hires", function()
  before_each(function()
    clock.at("2026-03-02")
    given.record("rental.asset", { code = "TEST-LADDER", title = "Ladder", tag = "TEST/1", daily_rate = money "10.00" })
  end)

  it("takes the fee in advance", function()
    local hire = call("POST", "/api/rentals", { asset = "TEST-LADDER", customer = "Efua", days = 3 }).body
    expect(hire.fee):equals(3000)
    expect(hire.due_on):equals("2026-03-05")
    expect_balanced()
  end)

  it("hands nothing out twice", function()
    call("POST", "/api/rentals", { asset = "TEST-LADDER", customer = "Efua", days = 3 })
    local again = call("POST", "/api/rentals", { asset = "TEST-LADDER", customer = "Kofi", days = 1 })
    expect(again.status):equals(409)
  end)

  it("charges for a late return", function()
    local hire = call("POST", "/api/rentals", { asset = "TEST-LADDER", customer = "Efua", days = 3 }).body
    clock.advance { days = 5 }
    local back = call("POST", "/api/rentals/" .. hire.id .. "/return").body
    expect(back.late_fee):equals(3000)
  end)
end)
