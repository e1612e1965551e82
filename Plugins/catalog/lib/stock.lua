-- Stock on hand per product and branch. Every change of a level has a movement that explains it: the sum of the movements
-- of a product in a branch is its level.
local record = record
local M = {}

local NONE = decimal.new("0")

---@class StockMove
---@field product integer  the product's id
---@field branch integer   the branch's id
---@field quantity decimal signed: more on hand, or less
---@field reason string    opening, receipt, sale, return, adjustment or transfer
---@field source_type? string
---@field source_id? integer
---@field note? string

---Moves stock and writes the movement.
---@param move StockMove
---@return decimal on_hand  what is there afterwards; nil and what was there if that would be below zero
function M.move(move)
  local level = record.find("catalog.stock_level", { product = move.product, branch = move.branch })
  local before = level and level.quantity or NONE
  local after = before + move.quantity
  if after < NONE then return nil, before end
  if level then
    record.update("catalog.stock_level", level.id, { quantity = after })
  else
    record.insert("catalog.stock_level", { product = move.product, branch = move.branch, quantity = after })
  end
  record.insert("catalog.stock_movement", move)
  return after
end

return M
