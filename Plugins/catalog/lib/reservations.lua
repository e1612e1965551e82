-- Goods put aside for a document. A level's `quantity` is what can be sold, its `reserved` what is put aside: both together
-- are on hand. `reserved` is the sum of the reservations that are HELD.
local levels = require "catalog.lib.levels"

local record = record
local M = {}

local NONE = decimal.new("0")

---What can be sold of a product in a branch.
---@return decimal
function M.available(product, branch)
  local level = record.find("catalog.stock_level", { product = product, branch = branch })
  return level and level.quantity or NONE
end

---Puts goods aside: all of them, or none where so much of one is not there.
---@param branch integer
---@param source_type string  of the document
---@param source_id integer
---@param wanted table[]  product (id), quantity (decimal above zero)
---@return boolean done
---@return integer? product  that is lacking
---@return decimal? there    what could be sold of it
function M.reserve(branch, source_type, source_id, wanted)
  local changes = {}
  for _, one in ipairs(wanted) do levels.add(changes, one.product, -one.quantity, one.quantity) end
  local done, product, there = levels.change(branch, changes, {
    reason = "reservation", source_type = source_type, source_id = source_id,
  })
  if not done then return false, product, there end
  for _, one in ipairs(wanted) do
    record.insert("catalog.stock_reservation", {
      product = one.product, branch = branch, quantity = one.quantity, status = "HELD",
      source_type = source_type, source_id = source_id,
    })
  end
  return true
end

---Ends what is put aside for a document.
local function settle(source_type, source_id, status, change)
  local rows = record.list("catalog.stock_reservation", {
    filter = { source_type = source_type, source_id = source_id, status = "HELD" }, order = { "id" },
  })
  if #rows == 0 then return end
  local changes = {}
  for _, row in ipairs(rows) do
    change(changes, row)
    record.update("catalog.stock_reservation", row.id, { status = status })
  end
  levels.change(rows[1].branch, changes, { reason = "release", source_type = source_type, source_id = source_id })
end

---Puts what is put aside for a document back on sale.
function M.release(source_type, source_id)
  settle(source_type, source_id, "RELEASED", function(changes, row) levels.add(changes, row.product, row.quantity, -row.quantity) end)
end

---Hands over what is put aside for a document.
function M.deduct(source_type, source_id)
  settle(source_type, source_id, "DEDUCTED", function(changes, row) levels.add(changes, row.product, NONE, -row.quantity) end)
end

return M
