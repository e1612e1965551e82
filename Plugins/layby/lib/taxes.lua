-- Amounts that were agreed with their taxes in them, parted into what is income and the taxes, by the rates of today.
local M = {}

---Adds taxes to a list of them, one row for each tax and account.
local function gather(list, taxes)
  for _, one in ipairs(taxes) do
    local known
    for _, row in ipairs(list) do if row.code == one.code and row.account == one.account then known = row end end
    if known then
      known.amount = known.amount + one.amount
    else
      list[#list + 1] = { code = one.code, account = one.account, amount = one.amount }
    end
  end
end

---Parts lines of one category. Where a profile puts taxes on top, they share what was agreed in its proportions.
local function part(result, amount)
  local net, taxes = result.net, {}
  if result.total == amount then
    gather(taxes, result.taxes)
    return net, taxes
  end
  local weights = { net.minor }
  for index, one in ipairs(result.taxes) do weights[index + 1] = one.amount.minor end
  local shares = amount:allocate(weights)
  for index, one in ipairs(result.taxes) do
    gather(taxes, { { code = one.code, account = one.account, amount = shares[index + 1] } })
  end
  return shares[1], taxes
end

---@param branch integer
---@param lines table[]  amount (money above zero, taxes in it), product, and fee where it is one
---@return money net
---@return table[] taxes { code, account, amount }
function M.part(branch, lines)
  local result = tax.calculate { branch = branch, lines = lines }
  local groups, order, amount = {}, {}, result.net - result.net
  for index, line in ipairs(lines) do
    local category = result.lines[index].category
    if not groups[category] then
      groups[category], order[#order + 1] = {}, category
    end
    table.insert(groups[category], line)
    amount = amount + line.amount
  end
  if #order == 1 then return part(result, amount) end
  -- Each category by itself: what is exempt lends nothing to the rate of the others.
  local net, taxes = amount - amount, {}
  for _, category in ipairs(order) do
    local own, more = M.part(branch, groups[category])
    net = net + own
    gather(taxes, more)
  end
  return net, taxes
end

---Parts a fee. What it is about are the goods, each with its share: the tax profile's classify says what that means for taxes.
---@param layby Record with its items
---@param products table<integer, Record>
---@param fees table<string, money>  by kind: start (service and administration), late, cancellation, forfeit
---@return table<string, money> net  by kind
---@return table[] taxes of all of them
function M.of_fees(layby, products, fees)
  local weights = {}
  for index, item in ipairs(layby.items) do weights[index] = item.total.minor end
  local parts, taxes = {}, {}
  for kind, amount in pairs(fees) do
    local lines = {}
    if amount.minor > 0 then
      for index, share in ipairs(amount:allocate(weights)) do
        local product = products[layby.items[index].product]
        if share.minor > 0 then lines[#lines + 1] = { amount = share, product = product, fee = kind } end
      end
    end
    parts[kind] = amount
    if #lines > 0 then
      local net, more = M.part(layby.branch, lines)
      parts[kind] = net
      gather(taxes, more)
    end
  end
  return parts, taxes
end

return M
