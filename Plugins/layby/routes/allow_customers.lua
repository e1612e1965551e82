local allowance = require "layby.lib.allowance"

-- A request writes so much and no more; the rest is a job's.
local MOST = 200

return {
  method = "POST", path = "/api/laybys/customers/allow", permission = "layby.configure",
  summary = "Switch allowLayby on for all active customers",
  input = { { "reason", "text", max = 500 } },
  output = {
    { "changed", "integer" }, { "remaining", "integer", description = "Of very many, those that a job goes on with." },
    { "job_id", "integer", json = "jobId" },
  },
  run = function(req)
    local changed = allowance.step(MOST)
    local remaining = changed == MOST and allowance.waiting() or 0
    if remaining == 0 then
      allowance.note(changed, req.body.reason)
      return { changed = changed, remaining = 0 }
    end
    local id = job.enqueue("allow_customers", { changed = changed, reason = req.body.reason })
    return { changed = changed, remaining = remaining, job_id = id }
  end,
}
