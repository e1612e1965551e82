-- Journal entries of laybys: which accounts stands in the rule set layby.posting.
local M = {}

---Posts what a step of a layby's life means for the books; nothing where no money is in it.
---@param layby Record
---@param step string   a function of the posting rules: payment, refund, late_fee, completion, settlement
---@param memo string
---@param facts table   what that function takes
---@return table? entry { id, number }
function M.post(layby, step, memo, facts)
  local lines = rules.get("layby.posting")[step](facts)
  if not lines or #lines == 0 then return nil end
  return ledger.post {
    kind = "layby", memo = memo, source = { type = "layby.customer_layby", id = layby.id },
    dimensions = { branch = layby.branch }, lines = lines,
  }
end

return M
