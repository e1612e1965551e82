local runs = require "layby.lib.runs"

return {
  id = "automation", title = "Layby automation: reminders, overdue notices, late fees, defaults",
  cron = "0 6 * * *", overlap = "skip", catch_up = "last",
  permission = "layby.automate",
  -- The cursor is the run's row and how many laybys were dealt with.
  run = function(cursor, _, args)
    if not cursor then
      if not settings.get("automation_enabled") then return nil end
      return { run = runs.begin(args.trigger or "SCHEDULE", job.current().id), done = 0 }
    end
    local count = runs.step(cursor.run)
    if count == 0 then
      runs.finish(cursor.run)
      return nil
    end
    job.progress(cursor.done + count)
    return { run = cursor.run, done = cursor.done + count }
  end,
}
