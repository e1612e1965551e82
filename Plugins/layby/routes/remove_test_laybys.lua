local trials = require "layby.lib.trials"

-- As many as one request may write.
local MOST = 10

return {
  method = "POST", path = "/api/laybys/test-data/remove", permission = "layby.configure",
  summary = "Remove laybys whose number begins with LAY-TEST: in a sandbox all, elsewhere unless anything of them was posted",
  output = { { "removed", "integer" }, { "remaining", "integer", description = "Ask again for these." } },
  run = function()
    local filter = { layby_number = { begins = trials.PREFIX } }
    -- The newest first: what they took from the customer's credit came from older ones.
    local rows = record.list("layby.customer_layby", { filter = filter, order = { "-id" }, limit = MOST, lines = true })
    for _, layby in ipairs(rows) do trials.remove(layby) end
    return { removed = #rows, remaining = record.count("layby.customer_layby", filter) }
  end,
}
