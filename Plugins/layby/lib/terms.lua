-- The terms of a layby: the version of the rule set under which it was made, for its whole life.
local M = {}

-- By version: a run looks each up once.
local known = {}

---The terms for new laybys of a type of business.
function M.in_force(business_type)
  local set = rules.get("layby", business_type)
  known[set.version] = set
  return set
end

---The terms under which a layby was made.
---@param layby table  with its rule_version
function M.of(layby)
  local version = layby.rule_version
  known[version] = known[version] or rules.at("layby", version)
  return known[version]
end

---Whether the goods are put aside from the start.
function M.reserves(layby) return M.of(layby).policies.inventory.reserve == "CREATE" end

---What an overdue period costs under the terms of the layby.
---@param layby Record
---@param days integer  overdue
---@return money
function M.late_fee(layby, days)
  local amount = M.of(layby).fees.late_fee_amount
  if money.is(amount) then return amount end
  return amount({
    layby_number = layby.layby_number, total_amount = layby.total_amount, total_paid = layby.total_paid,
    balance_remaining = layby.balance_remaining, late_fee = layby.late_fee,
  }, days)
end

return M
