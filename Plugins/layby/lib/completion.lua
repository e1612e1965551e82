-- Handing over: stock, revenue and taxes of the day, and the sales order, in the transaction of the move to COMPLETED.
local amounts = require "layby.lib.amounts"
local goods = require "layby.lib.goods"
local parting = require "layby.lib.taxes"
local posting = require "layby.lib.posting"

local M = {}

local function refuse_while_due(layby)
  local due = layby.balance_remaining
  if due.minor == 0 then return end
  reject { code = "layby.balance_due", field = "balanceRemaining", http = 409, params = { amountDue = due.minor },
    message = "Still " .. due:format() .. " " .. due.currency .. " of " .. layby.layby_number .. " to pay." }
end

---Net and taxes at the tax point: what the customer agreed to pay, parted by the rates of the day of handing over. Where these
---are other rates than on the day of the agreement, the total stays, and net and taxes share it in the new proportions.
local function taxed(layby, products)
  local priced, agreed = {}, {}
  for index, item in ipairs(layby.items) do
    local product = products[item.product]
    priced[index] = { amount = item.unit_price:mul(item.quantity, "half_up"), product = product }
    if item.total.minor > 0 then agreed[#agreed + 1] = { amount = item.total, product = product } end
  end
  local result = tax.calculate { branch = layby.branch, lines = priced }
  if result.total == layby.total_amount then return result.net, result.taxes, result.profile end
  local net, taxes = parting.part(layby.branch, agreed)
  return net, taxes, result.profile
end

local function make_order(layby, net, fees, profile)
  local items = {}
  for index, item in ipairs(layby.items) do
    items[index] = {
      product = item.product, sku = item.sku, description = item.description, quantity = item.quantity,
      unit_price = item.unit_price, total = item.total,
    }
  end
  return record.create("layby.business_order", {
    order_number = sequence.next("layby.order"),
    branch = layby.branch, customer = layby.customer, layby_id = layby.id, layby_number = layby.layby_number,
    order_date = date.today(), net = net, tax = layby.total_amount - net, fees = fees, total = layby.total_amount + fees,
    tax_profile = profile, items = items,
  }).order_number
end

---The effect of the move to COMPLETED.
---@param layby Record
function M.complete(layby)
  refuse_while_due(layby)
  local products = goods.products(layby)
  goods.hand_over(layby, products)
  local net, taxes, profile = taxed(layby, products)
  local cost = money.of(0)
  for _, item in ipairs(layby.items) do
    local product = products[item.product]
    if product.stocked then cost = cost + product.cost:mul(item.quantity, "half_up") end
  end
  local fees = layby.service_fee + layby.administration_fee
  local income, fee_taxes = parting.of_fees(layby, products, { start = fees })
  posting.post(layby, "completion", "Layby " .. layby.layby_number .. " completed", {
    held = amounts.held(layby), net = net, taxes = taxes, cost = cost,
    fees = fees, fee_net = income.start, fee_taxes = fee_taxes,
  })
  if settings.get("order_integration") then layby.order_number = make_order(layby, net, fees + layby.late_fee, profile) end
  layby.completed_at = date.now()
  layby.items_released, layby.items_released_at, layby.items_released_by = true, date.now(), user.current().id
  layby.payment_due_on, layby.action_on = nil, nil
end

return M
