-- On hold and back: what is due moves on by the days that the layby was on hold.
local amounts = require "layby.lib.amounts"
local goods = require "layby.lib.goods"
local terms = require "layby.lib.terms"

local M = {}

---Whether the goods go back on sale meanwhile.
local function releases(layby)
  return terms.reserves(layby) and terms.of(layby).policies.inventory.on_hold == "RELEASE"
end

---The effect of the move to ON_HOLD.
function M.hold(layby)
  layby.held_on = date.today()
  layby.action_on = nil
  if releases(layby) then goods.release(layby) end
end

---The effect of the move from ON_HOLD to ACTIVE.
function M.reactivate(layby)
  local days = math.max(0, date.diff(layby.held_on or date.today(), date.today()))
  layby.held_on = nil
  if releases(layby) then goods.reserve(layby) end
  layby.status = "ACTIVE"
  amounts.postpone(layby, function(due_on) return date.add(due_on, { days = days }) end)
end

return M
