-- Stock levels of many products at once, as documents of many lines want them: one read for all of them, and for each product
-- one change and one movement.
local record = record
local M = {}

local NONE = decimal.new("0")

---Adds to what is to change for a product.
---@param changes table<integer, table> by product: quantity and reserved, signed
function M.add(changes, product, quantity, reserved)
  local change = changes[product] or { quantity = NONE, reserved = NONE }
  changes[product] = { quantity = change.quantity + quantity, reserved = change.reserved + (reserved or NONE) }
end

---Changes the levels, and writes the movements of what can be sold.
---@param branch integer
---@param changes table<integer, table> by product
---@param why table reason, source_type, source_id
---@return boolean done   false where so much is not there; then nothing has changed
---@return integer? product  that is lacking
---@return decimal? there    what can be sold of it
function M.change(branch, changes, why)
  local ids, levels = {}, {}
  for product in pairs(changes) do ids[#ids + 1] = product end
  if #ids == 0 then return true end
  for _, level in ipairs(record.list("catalog.stock_level", {
    filter = { branch = branch, product = { ["in"] = ids } }, limit = #ids,
  })) do levels[level.product] = level end
  for _, product in ipairs(ids) do
    local there = levels[product] and levels[product].quantity or NONE
    if there + changes[product].quantity < NONE then return false, product, there end
  end
  for _, product in ipairs(ids) do
    local level, change = levels[product], changes[product]
    if level then
      record.update("catalog.stock_level", level.id, {
        quantity = level.quantity + change.quantity, reserved = level.reserved + change.reserved,
      })
    else
      record.insert("catalog.stock_level", {
        product = product, branch = branch, quantity = change.quantity, reserved = change.reserved,
      })
    end
    if change.quantity ~= NONE then
      record.insert("catalog.stock_movement", {
        product = product, branch = branch, quantity = change.quantity,
        reason = why.reason, source_type = why.source_type, source_id = why.source_id,
      })
    end
  end
  return true
end

return M
