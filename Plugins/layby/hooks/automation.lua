-- One layby of a run. A hook, so that what fails half-way leaves nothing behind and the run goes on with the next.
local automation = require "layby.lib.automation"

return {
  id = "automation_step", on = "layby.automation_run", phase = "before_save",
  when = { layby_id = { gt = 0 } },
  run = function(run)
    local counts = automation.process(record.get("layby.customer_layby", run.layby_id))
    for name, count in pairs(counts) do run[name] = run[name] + count end
    run.processed = run.processed + 1
    run.layby_id = 0
  end,
}
