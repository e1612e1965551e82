-- The goods of a layby: put aside, put back on sale, or handed over, as its terms say.
local reservations = require "catalog.lib.reservations"
local stock = require "catalog.lib.stock"
local terms = require "layby.lib.terms"

local M = {}

local TYPE = "layby.customer_layby"

local function lacking(index, item, there)
  reject { code = "layby.out_of_stock", field = "items[" .. (index - 1) .. "].quantity", http = 409,
    params = { sku = item.sku, available = tostring(there) },
    message = "Only " .. tostring(there) .. " of “" .. item.sku .. "” can be had, " .. tostring(item.quantity) .. " is wanted." }
end

---Puts the goods aside. Items of services have nothing to put aside.
---@param is_stocked fun(item: table): boolean
function M.reserve(layby, is_stocked)
  for index, item in ipairs(layby.items) do
    if is_stocked(item) then
      local id, there = reservations.reserve {
        product = item.product, branch = layby.branch, quantity = item.quantity, source_type = TYPE, source_id = layby.id,
      }
      if not id then lacking(index, item, there) end
    end
  end
end

---The products of the items, by id.
---@return table<integer, Record>
function M.products(layby)
  local products = {}
  for _, item in ipairs(layby.items) do
    products[item.product] = products[item.product] or record.get("catalog.product", item.product)
  end
  return products
end

---Whether an item is of a product that has stock.
function M.is_stocked(item) return record.get("catalog.product", item.product).stocked end

---Puts what is put aside back on sale.
function M.release(layby)
  for _, reservation in ipairs(reservations.held(TYPE, layby.id)) do reservations.release(reservation) end
end

---Puts goods that were handed over back on the shelf.
function M.take_back(layby)
  for _, item in ipairs(layby.items) do
    if M.is_stocked(item) then
      stock.move {
        product = item.product, branch = layby.branch, quantity = item.quantity,
        reason = "return", source_type = TYPE, source_id = layby.id,
      }
    end
  end
end

---Hands the goods over: those that are put aside, or from the shelf.
---@param products table<integer, Record>
function M.hand_over(layby, products)
  if terms.reserves(layby) then
    for _, reservation in ipairs(reservations.held(TYPE, layby.id)) do reservations.deduct(reservation) end
    return
  end
  for index, item in ipairs(layby.items) do
    if products[item.product].stocked then
      local on_hand, there = stock.move {
        product = item.product, branch = layby.branch, quantity = -item.quantity,
        reason = "sale", source_type = TYPE, source_id = layby.id,
      }
      if not on_hand then lacking(index, item, there) end
    end
  end
end

return M
