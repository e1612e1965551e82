-- Goods put aside for a document. A level's `quantity` is what can be sold, its `reserved` what is put aside: both together
-- are on hand. `reserved` is the sum of the reservations that are HELD.
local record = record
local M = {}

local NONE = decimal.new("0")

local function move(row, quantity, reason)
  record.insert("catalog.stock_movement", {
    product = row.product, branch = row.branch, quantity = quantity, reason = reason,
    source_type = row.source_type, source_id = row.source_id,
  })
end

local function level_of(row)
  return record.find("catalog.stock_level", { product = row.product, branch = row.branch })
end

---What can be sold of a product in a branch.
---@return decimal
function M.available(product, branch)
  local level = level_of { product = product, branch = branch }
  return level and level.quantity or NONE
end

---Puts goods aside.
---@param wanted table product, branch (ids), quantity (decimal above zero), source_type, source_id
---@return integer? id    of the reservation; nil where so much is not there
---@return decimal before what could be sold
function M.reserve(wanted)
  local level = level_of(wanted)
  local before = level and level.quantity or NONE
  if not level or before < wanted.quantity then return nil, before end
  record.update("catalog.stock_level", level.id, {
    quantity = before - wanted.quantity, reserved = level.reserved + wanted.quantity,
  })
  move(wanted, -wanted.quantity, "reservation")
  return record.insert("catalog.stock_reservation", {
    product = wanted.product, branch = wanted.branch, quantity = wanted.quantity, status = "HELD",
    source_type = wanted.source_type, source_id = wanted.source_id,
  }), before
end

---What is put aside for a document.
---@return Record[]
function M.held(source_type, source_id)
  return record.list("catalog.stock_reservation", {
    filter = { source_type = source_type, source_id = source_id, status = "HELD" }, order = { "id" },
  })
end

---Puts goods back on sale.
---@param reservation Record one that is HELD
function M.release(reservation)
  local level = level_of(reservation)
  record.update("catalog.stock_level", level.id, {
    quantity = level.quantity + reservation.quantity, reserved = level.reserved - reservation.quantity,
  })
  move(reservation, reservation.quantity, "release")
  record.update("catalog.stock_reservation", reservation.id, { status = "RELEASED" })
end

---Hands goods over that were put aside.
---@param reservation Record one that is HELD
function M.deduct(reservation)
  local level = level_of(reservation)
  record.update("catalog.stock_level", level.id, { reserved = level.reserved - reservation.quantity })
  record.update("catalog.stock_reservation", reservation.id, { status = "DEDUCTED" })
end

return M
