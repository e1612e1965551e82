local answers = require "layby.lib.automation_answers"

return {
  method = "GET", path = "/api/laybys/automation", permission = "layby.automate",
  summary = "The automation: whether it is on, when it runs next, its tasks and its last 50 runs",
  output = {
    { "enabled", "boolean" }, { "schedule", "text" }, { "next_on", "date", json = "nextRunOn" }, { "time_zone", "text", json = "timeZone" },
    { "last_run", "object", json = "lastRun", fields = answers.RUN }, { "tasks", "list", fields = answers.TASK },
    { "runs", "list", fields = answers.RUN },
  },
  run = function()
    local runs = answers.runs(50)
    return {
      enabled = settings.get("automation_enabled"), schedule = "0 6 * * *", next_on = answers.next_on(runs[1]),
      time_zone = tenant.time_zone, last_run = runs[1], tasks = answers.tasks(runs[1]), runs = runs,
    }
  end,
}
