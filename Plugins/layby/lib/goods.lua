-- The goods of a layby: put aside, put back on sale, or handed over, as its terms say.
local levels = require "catalog.lib.levels"
local reservations = require "catalog.lib.reservations"
local terms = require "layby.lib.terms"

local M = {}

local TYPE = "layby.customer_layby"

---The products of the items, by id.
---@return table<integer, Record>
function M.products(layby)
  local ids, products = {}, {}
  for _, item in ipairs(layby.items) do
    if not products[item.product] then
      products[item.product], ids[#ids + 1] = true, item.product
    end
  end
  for _, product in ipairs(record.list("catalog.product", { filter = { id = { ["in"] = ids } }, limit = #ids })) do
    products[product.id] = product
  end
  return products
end

---The items that have something to put aside: all but services.
local function stocked(layby, products)
  local list = {}
  for _, item in ipairs(layby.items) do
    if products[item.product].stocked then list[#list + 1] = { product = item.product, quantity = item.quantity } end
  end
  return list
end

local function lacking(layby, product, there)
  for index, item in ipairs(layby.items) do
    if item.product == product then
      reject { code = "layby.out_of_stock", field = "items[" .. (index - 1) .. "].quantity", http = 409,
        params = { sku = item.sku, available = tostring(there) },
        message = "Only " .. tostring(there) .. " of “" .. item.sku .. "” can be had, " .. tostring(item.quantity) .. " is wanted." }
    end
  end
end

---Puts the goods aside.
---@param products? table<integer, Record>  read if left out
function M.reserve(layby, products)
  local done, product, there = reservations.reserve(layby.branch, TYPE, layby.id, stocked(layby, products or M.products(layby)))
  if not done then lacking(layby, product, there) end
end

---Puts what is put aside back on sale.
function M.release(layby) reservations.release(TYPE, layby.id) end

---Takes goods off the shelf, or puts them back there.
local function move(layby, products, sign, reason)
  local changes = {}
  for _, item in ipairs(stocked(layby, products)) do levels.add(changes, item.product, item.quantity * sign) end
  local done, product, there = levels.change(layby.branch, changes, { reason = reason, source_type = TYPE, source_id = layby.id })
  if not done then lacking(layby, product, there) end
end

---Hands the goods over: those that are put aside, or from the shelf.
---@param products table<integer, Record>
function M.hand_over(layby, products)
  if terms.reserves(layby) then
    reservations.deduct(TYPE, layby.id)
  else
    move(layby, products, decimal.new(-1), "sale")
  end
end

---Puts goods that were handed over back on the shelf.
function M.take_back(layby) move(layby, M.products(layby), decimal.new(1), "return") end

return M
