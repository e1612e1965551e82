local runs = require "layby.lib.runs"

return {
  id = "automation", title = "Layby automation: reminders, overdue notices, late fees, defaults",
  cron = "0 6 * * *", overlap = "skip", catch_up = "last",
  permission = "layby.automate",
  -- The cursor is the run's row and how many laybys were dealt with.
  run = function(cursor)
    if not cursor then
      if not settings.get("automation_enabled") then return nil end
      local this = job.current()
      job.progress(0)
      return { run = runs.begin(this.schedule and "SCHEDULE" or "HAND", this.id), done = 0 }
    end
    local count = runs.step(cursor.run)
    job.progress(cursor.done + count)
    if count == 0 then
      runs.finish(cursor.run)
      return nil
    end
    return { run = cursor.run, done = cursor.done + count }
  end,
}
