-- A sale at the till: price, tax, payment, stock, number, journal entry and receipt, in the one transaction of its request.
local stock = require "catalog.lib.stock"
local receipt = require "pos.lib.receipt"

local ipairs, record, rules = ipairs, record, rules
local M = {}

local ZERO = decimal.new("0")

local function refuse(code, field, message, http)
  reject { code = code, field = field, message = message, http = http or 422 }
end

---How a refusal names a field of a list's element.
local function field_of(list, index, name) return list .. "[" .. (index - 1) .. "]." .. name end

---The lines of the request with product, quantity and amount.
local function priced_lines(input)
  local lines = {}
  for index, wanted in ipairs(input) do
    local product = record.find("catalog.product", { sku = wanted.sku })
    if not product or not product.active then
      refuse("pos.sku_unknown", field_of("lines", index, "sku"), "There is no product with the sku “" .. wanted.sku .. "”.")
    end
    if wanted.quantity <= ZERO then
      refuse("pos.quantity_not_positive", field_of("lines", index, "quantity"),
        "The quantity of “" .. wanted.sku .. "” must be above zero.")
    end
    lines[index] = {
      product = product,
      quantity = wanted.quantity,
      amount = product.price:mul(wanted.quantity, "half_up"),
      cost = product.cost:mul(wanted.quantity, "half_up"),
    }
  end
  return lines
end

---Takes the lines off the shelf of the branch.
local function take_from_stock(lines, place, sale_id)
  for index, line in ipairs(lines) do
    if line.product.stocked then
      local on_hand, before = stock.move {
        product = line.product.id, branch = place.id, quantity = -line.quantity,
        reason = "sale", source_type = "pos.sale", source_id = sale_id,
      }
      if not on_hand then
        refuse("pos.out_of_stock", field_of("lines", index, "quantity"), "Only " .. tostring(before) .. " of “"
          .. line.product.sku .. "” is on hand at " .. place.code .. ", " .. tostring(line.quantity)
          .. " is wanted.", 409)
      end
    end
  end
end

---What each payment adds to the till, and the change given back.
---A payment without an amount settles what is left. Only methods that give change may be paid above what is due.
local function tenders(payments, total)
  local methods = {}
  for _, method in ipairs(rules.get("pos.payments").methods) do methods[method.name] = method end
  local due, change, list = total, total - total, {}
  for index, payment in ipairs(payments) do
    local method = methods[payment.method]
    if not method then
      refuse("pos.payment_method_unknown", field_of("payments", index, "method"),
        "“" .. payment.method .. "” is not a payment method here.")
    end
    local tendered = payment.amount or due
    if tendered.minor < 0 or (tendered.minor == 0 and total.minor > 0) then
      refuse("pos.payment_not_positive", field_of("payments", index, "amount"), "Nothing is left to pay with “" .. payment.method .. "”.")
    end
    local kept = tendered
    if tendered > due then
      if not method.gives_change then
        refuse("pos.overpaid", field_of("payments", index, "amount"), "“" .. payment.method .. "” gives no change: "
          .. due:format() .. " is due, " .. tendered:format() .. " was given.")
      end
      kept = due
      change = change + (tendered - due)
    end
    due = due - kept
    if kept.minor > 0 or total.minor == 0 then
      list[#list + 1] = {
        method = method.name, account = method.account, amount = kept, tendered = tendered, reference = payment.reference,
      }
    end
  end
  if due.minor > 0 then
    refuse("pos.underpaid", "payments", "Still " .. due:format() .. " of " .. total:format() .. " to pay.")
  end
  return list, change
end

local function journal_tenders(list)
  local lines = {}
  for _, tender in ipairs(list) do
    if tender.amount.minor > 0 then lines[#lines + 1] = { account = tender.account, amount = tender.amount } end
  end
  return lines
end

---Sells. Refuses with a code and the field, and then nothing of it has happened.
---@param input table the body of POST /api/sales
---@return table sale the answer to the request
function M.sell(input)
  local place = branch.find(input.branch)
  if not place then refuse("pos.branch_unknown", "branch", "There is no branch “" .. input.branch .. "”.") end
  if not user.is_member(place.id) then
    refuse("pos.not_a_member", "branch", "You are not a member of branch " .. place.code .. ".", 403)
  end
  if not place.active then refuse("pos.branch_inactive", "branch", "Branch " .. place.code .. " is not active.") end
  local today = date.today()
  local business_date = input.date or today
  if business_date > today then
    refuse("pos.date_in_future", "date", business_date .. " is still to come; today is " .. today .. ".")
  end
  if business_date < today and not user.can("pos.backdate") then
    refuse("pos.backdate_not_allowed", "date", "Only today's date (" .. today .. ") is allowed for you.", 403)
  end

  local lines = priced_lines(input.lines)
  local taxed = tax.calculate { date = business_date, branch = place.id, lines = lines }
  local total = taxed.total
  local paid_with, change = tenders(input.payments, total)
  local number = sequence.next("pos.sale", { date = business_date })

  local cost = total - total
  local sale_lines = {}
  for index, line in ipairs(lines) do
    local share = taxed.lines[index]
    cost = cost + line.cost
    sale_lines[index] = {
      product = line.product.id, sku = line.product.sku, description = line.product.name,
      quantity = line.quantity, unit_price = line.product.price,
      net = share.net, tax = share.tax, total = share.total, tax_category = share.category, cost = line.cost,
    }
  end

  local sale = {
    invoice_number = number, status = "Paid", business_date = business_date, branch = place.id,
    customer_type = input.customer_type, customer = input.customer,
    subtotal = taxed.net, tax_amount = taxed.tax, total = total, paid = total + change, change = change, cost = cost,
    tax_profile = taxed.profile, lines = sale_lines, taxes = taxed.taxes, payments = paid_with,
  }
  sale.receipt = receipt.text(sale, place)
  sale.id = record.insert("pos.sale", sale)
  take_from_stock(lines, place, sale.id)

  -- What is given away and cost nothing leaves nothing in the books.
  local entry
  if total.minor > 0 or cost.minor > 0 then
    entry = ledger.post {
      date = business_date, kind = "sale", memo = "Sale " .. number, source = { type = "pos.sale", id = sale.id },
      dimensions = { branch = place.id },
      lines = rules.get("pos.posting").sale {
        currency = tenant.currency, subtotal = taxed.net, total = total, cost = cost, taxes = taxed.taxes,
        tenders = journal_tenders(paid_with),
      },
    }
  end
  return M.answer(sale, entry)
end

---The answer's shape, for a new sale and for one read back.
function M.answer(sale, entry)
  return {
    id = sale.id, invoice_number = sale.invoice_number, status = sale.status, currency = tenant.currency,
    subtotal = sale.subtotal, taxes = sale.taxes, tax_amount = sale.tax_amount, total = sale.total,
    paid = sale.paid, change = sale.change, journal_entry = entry and { id = entry.id, number = entry.number },
  }
end

return M
