-- Which accounts laybys are posted to. What was paid is owed to the customer (IFRS 15: a contract liability) until the goods
-- are handed over. The kernel refuses what does not balance.
local function line(list, account, side, amount, name, kind)
  if amount and amount.minor > 0 then list[#list + 1] = { account = account, [side] = amount, name = name, kind = kind } end
end

local function credit_account(list, side, amount) line(list, "2310", side, amount, "Customer Credit", "liability") end
local function fee_income(list, side, amount) line(list, "4100", side, amount, "Fee Income", "revenue") end
local function tax_payable(list, taxes)
  for _, tax in ipairs(taxes) do
    line(list, tax.account, "credit", tax.amount, "Tax Payable - " .. tax.code, "liability")
  end
end
local function forfeits(list, side, amount) line(list, "4110", side, amount, "Forfeited Deposits", "revenue") end

return {
  contract = "layby.posting",
  id = "layby",
  -- payment: account, tendered, applied (to the layby), credited (to the customer), from_credit
  payment = function(payment)
    local lines = {}
    if payment.from_credit then
      credit_account(lines, "debit", payment.tendered)
    else
      line(lines, payment.account, "debit", payment.tendered)
    end
    line(lines, "2300", "credit", payment.applied)
    credit_account(lines, "credit", payment.credited)
    return lines
  end,
  -- refund: account, amount, to_credit
  refund = function(refund)
    local lines = {}
    line(lines, "2300", "debit", refund.amount)
    if refund.to_credit then credit_account(lines, "credit", refund.amount) else line(lines, refund.account, "credit", refund.amount) end
    return lines
  end,
  -- fee: amount, and what of it is net and taxes (code, account, amount)
  late_fee = function(fee)
    local lines = {}
    line(lines, "2300", "debit", fee.amount)
    fee_income(lines, "credit", fee.net)
    tax_payable(lines, fee.taxes)
    return lines
  end,
  -- completion: held, net, taxes (code, account, amount), cost; fees, and what of them is fee_net and fee_taxes
  completion = function(completion)
    local lines = {}
    line(lines, "2300", "debit", completion.held)
    line(lines, "4000", "credit", completion.net)
    tax_payable(lines, completion.taxes)
    fee_income(lines, "credit", completion.fee_net)
    tax_payable(lines, completion.fee_taxes)
    line(lines, "5000", "debit", completion.cost)
    line(lines, "1200", "credit", completion.cost)
    return lines
  end,
  -- settlement: held, credited, refunds (account, amount); fee, forfeited, and what of them is fee_net, forfeited_net and taxes
  settlement = function(settlement)
    local lines = {}
    line(lines, "2300", "debit", settlement.held)
    fee_income(lines, "credit", settlement.fee_net)
    forfeits(lines, "credit", settlement.forfeited_net)
    tax_payable(lines, settlement.taxes)
    credit_account(lines, "credit", settlement.credited)
    for _, refund in ipairs(settlement.refunds) do line(lines, refund.account, "credit", refund.amount) end
    return lines
  end,
}
