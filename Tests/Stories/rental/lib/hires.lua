-- Handing out and taking back: stock of one, a fee in advance, a late fee on return.
local M = {}

local function take(amount, memo, hire)
  if amount:is_zero() then return end
  ledger.post {
    kind = "rental", memo = memo, source = { type = "rental.hire", id = hire },
    lines = {
      { account = "1000", debit = amount },
      { account = "4100", name = "Rental Revenue", kind = "revenue", credit = amount },
    },
  }
end

---Hands an asset out for so many days and takes the fee.
function M.hand_out(input)
  local fees = rules.get("rental.fees")
  if input.days > fees.longest_days then
    reject { code = "rental.too_long", field = "days", message = "Hires last at most " .. fees.longest_days .. " days." }
  end
  local asset = record.find("rental.asset", { code = input.asset })
  if not asset then reject { code = "rental.unknown_asset", field = "asset", message = "There is no such equipment." } end
  if asset.status ~= "IN" then
    reject { code = "rental.not_in", field = "asset", http = 409, message = asset.title .. " is out." }
  end
  local fee = asset.daily_rate:mul(decimal.new(input.days), "half_up")
  local today = date.today()
  local hire = record.create("rental.hire", {
    asset = asset.id, customer = input.customer, out_on = today, due_on = date.add(today, { days = input.days }),
    fee = fee, rules = fees.version,
  })
  asset.status = "OUT"
  asset:save()
  take(fee, "Hire of " .. asset.title, hire.id)
  return record.get("rental.hire", hire.id)
end

---Takes an asset back; late returns cost what the rules say.
function M.take_back(id)
  local hire = record.find("rental.hire", { id = id })
  if not hire then reject { code = "rental.unknown_hire", http = 404, message = "There is no such hire." } end
  if hire.status == "RETURNED" then reject { code = "rental.returned", http = 409, message = "It came back already." } end
  local asset = record.get("rental.asset", hire.asset)
  local late = math.max(0, date.diff(hire.due_on, date.today()))
  hire.late_fee = late > 0 and rules.get("rental.fees").late_fee(asset.daily_rate, late) or money.of(0)
  hire.returned_on = date.today()
  hire.status = "RETURNED"
  hire:save()
  asset.status = "IN"
  asset:save()
  take(hire.late_fee, "Late return of " .. asset.title, hire.id)
  return hire
end

---Marks what should have come back.
function M.mark_overdue()
  local count = 0
  for _, hire in ipairs(record.list("rental.hire", { filter = { status = "OUT" }, order = { "due_on" }, limit = 200 })) do
    if hire.due_on >= date.today() then break end
    hire.status = "OVERDUE"
    hire:save()
    count = count + 1
  end
  return count
end

return M
