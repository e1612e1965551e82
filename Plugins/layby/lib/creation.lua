-- A new layby: validated by the terms in force, priced with taxes, its goods put aside, its deposit taken and posted.
local access = require "layby.lib.access"
local amounts = require "layby.lib.amounts"
local goods = require "layby.lib.goods"
local payments = require "layby.lib.payments"
local plan = require "layby.lib.plan"
local terms = require "layby.lib.terms"

local ipairs, record, refuse = ipairs, record, access.refuse
local M = {}

local ZERO, HUNDRED = decimal.new(0), decimal.new(100)

local function customer_for(id)
  local customer = record.find("catalog.customer", { id = id })
  if not customer or not customer.active then
    refuse("layby.customer_unknown", "customerId", "There is no active customer " .. tostring(id) .. ".")
  end
  if not customer.x_layby_allow_layby then
    refuse("layby.customer_not_allowed", "customerId",
      "allowLayby is off for “" .. customer.name .. "”: switch it on for the customer first.")
  end
  return customer
end

---The items with their products and amounts without tax, as the tax profile wants them.
local function priced(items)
  if #items == 0 then refuse("layby.too_few_items", "items", "A layby is of at least one item.") end
  local lines = {}
  for index, wanted in ipairs(items) do
    local place = "items[" .. (index - 1) .. "]."
    local filter = wanted.product_id and { id = wanted.product_id } or wanted.sku and { sku = wanted.sku }
    if not filter then refuse("layby.item_unnamed", place .. "productId", "Each item names its product by productId or sku.") end
    local product = record.find("catalog.product", filter)
    if not product or not product.active then
      refuse("layby.product_unknown", place .. (wanted.product_id and "productId" or "sku"),
        "There is no product “" .. tostring(wanted.product_id or wanted.sku) .. "”.")
    end
    if wanted.quantity <= ZERO then refuse("layby.quantity_not_positive", place .. "quantity", "The quantity must be above zero.") end
    lines[index] = { product = product, quantity = wanted.quantity, amount = product.price:mul(wanted.quantity, "half_up") }
  end
  return lines
end

---@param of money
local function percent_of(of, percent, mode) return of:mul(percent:div(HUNDRED, 6, "half_up"), mode) end

---Holds what is asked for to the terms; all that breaks them is told at once.
local function validate(set, input, total, deposit, frequency, days)
  local found = problems()
  local function fault(code, field, message) found:add { code = "layby." .. code, field = field, message = message } end
  local validation, percent = set.validation, set.deposit_percent
  if #input.items < validation.min_items then
    fault("too_few_items", "items", "At least " .. validation.min_items .. " items are wanted.")
  elseif #input.items > validation.max_items then
    fault("too_many_items", "items", "At most " .. validation.max_items .. " items are allowed.")
  end
  if total < validation.min_amount then
    fault("amount_too_low", "totalAmount",
      "The total is " .. total:format() .. "; laybys begin at " .. validation.min_amount:format() .. ".")
  elseif total > validation.max_amount then
    fault("amount_too_high", "totalAmount",
      "The total is " .. total:format() .. "; laybys end at " .. validation.max_amount:format() .. ".")
  end
  local share = deposit:to_decimal() * HUNDRED
  if share < total:to_decimal() * percent.min then
    fault("deposit_too_low", "depositAmount", "The deposit must be at least " .. tostring(percent.min) .. " % of "
      .. total:format() .. ": " .. percent_of(total, percent.min, "ceiling"):format() .. ".")
  elseif share > total:to_decimal() * percent.max then
    fault("deposit_too_high", "depositAmount", "The deposit must be at most " .. tostring(percent.max) .. " % of "
      .. total:format() .. ": " .. percent_of(total, percent.max, "floor"):format() .. ".")
  end
  local allowed = table.concat(set.installment_frequency.allowed, ", ")
  if not (", " .. allowed .. ", "):find(", " .. frequency .. ", ", 1, true) then
    fault("frequency_not_allowed", "installmentFrequency", frequency .. " is not offered here; there are " .. allowed .. ".")
  end
  if days > set.max_duration_days then
    fault("too_long", "durationDays", "Laybys last at most " .. set.max_duration_days .. " days, " .. days .. " are wanted.")
  end
  local above = set.policies.approval.above
  if above.minor > 0 and total > above and not user.can("layby.approve") then
    fault("approval_needed", "totalAmount", "A layby above " .. above:format() .. " takes the permission layby.approve.")
  end
  found:raise()
end

---How long it lasts and in how many instalments: as asked for, else as long as the terms allow.
local function duration(set, input, frequency)
  local today = date.today()
  if input.installment_count then
    return date.diff(today, plan.due_on(today, frequency, input.installment_count)), input.installment_count
  end
  local days = input.duration_days or set.max_duration_days
  return days, plan.count(today, frequency, days)
end

---Makes a layby and takes its deposit.
---@param input table the body of POST /api/laybys
---@return Record layby
---@return Record? deposit the payment
---@return Record customer
function M.create(input)
  local place = access.place(input.business)
  if not place.active then refuse("layby.business_inactive", "businessId", "Branch " .. place.code .. " is not active.") end
  local set = terms.in_force(place.business_type)
  local customer = customer_for(input.customer)
  local lines = priced(input.items)
  local taxed = tax.calculate { branch = place.id, lines = lines }
  local total = taxed.total
  local deposit = input.deposit_amount
    or percent_of(total, input.deposit_percent or set.deposit_percent.default, "ceiling")
  local frequency = input.installment_frequency or set.installment_frequency.default
  local days, count = duration(set, input, frequency)
  validate(set, input, total, deposit, frequency, days)

  local none = total - total
  local service = percent_of(total, set.fees.service_fee_percent, "half_up")
  local administration = set.fees.administration_fee_amount
  local owed = total + service + administration
  if owed == deposit then count = 0 end
  local items = {}
  for index, line in ipairs(lines) do
    items[index] = {
      product = line.product.id, sku = line.product.sku, description = line.product.name, quantity = line.quantity,
      unit_price = line.product.price, total = taxed.lines[index].total,
    }
  end
  local now = date.now()
  local layby = {
    layby_number = sequence.next("layby.layby"), branch = place.id, customer = input.customer,
    total_amount = total, deposit_amount = deposit, balance_remaining = owed - deposit, total_paid = deposit,
    installment_amount = none, installment_count = count, installment_frequency = frequency, plan_from = date.today(),
    service_fee = service, late_fee = none, administration_fee = administration, total_fees = service + administration,
    opened_at = now, opened_by = user.current().id, rule_version = set.version,
    notes = input.notes, items = items, status = "ACTIVE", items_released = false,
  }
  layby.installment_amount = plan.amounts(layby)[1] or none
  amounts.settle(layby)
  local made = record.create("layby.customer_layby", layby)
  made.version, made.updated_at = 1, now
  if set.policies.inventory.reserve == "CREATE" then
    local products = {}
    for _, line in ipairs(lines) do products[line.product.id] = line.product end
    goods.reserve(made, products)
  end
  local paid = deposit.minor > 0 and payments.take(made, {
    amount = deposit, payment_method = input.payment_method, payment_reference = input.payment_reference, notes = "Deposit",
  }, deposit) or nil
  return made, paid, customer
end

return M
