-- More than this are switched on by asking again: a request writes so much and no more.
local MOST = 200

return {
  method = "POST", path = "/api/laybys/customers/allow", permission = "layby.configure",
  summary = "Switch allowLayby on for all active customers",
  input = { { "reason", "text", max = 500 } },
  output = {
    { "changed", "integer" }, { "remaining", "integer", description = "Of very many, those that are left for another call." },
  },
  run = function(req)
    local filter = { active = true, x_layby_allow_layby = false }
    local rows = record.list("catalog.customer", { filter = filter, order = { "id" }, limit = MOST })
    for _, customer in ipairs(rows) do record.update("catalog.customer", customer.id, { x_layby_allow_layby = true }) end
    record.create("layby.customer_enabling", { customers = #rows, reason = req.body.reason })
    return { changed = #rows, remaining = record.count("catalog.customer", filter) }
  end,
}
