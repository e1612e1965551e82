local answers = require "layby.lib.automation_answers"

return {
  method = "GET", path = "/api/laybys/automation/status", permission = "layby.automate",
  summary = "For monitors: how many errors the last run of the automation had",
  output = {
    { "errors", "integer", description = "Of the last run; one more when no run has begun for more than a day." },
    { "enabled", "boolean" }, { "late", "boolean" }, { "last_run", "object", json = "lastRun", fields = answers.RUN },
    { "last_error", "text", json = "lastError" },
  },
  run = function()
    local last = answers.runs(1)[1]
    local late = answers.is_late(last) or false
    return {
      errors = (last and last.errors or 0) + (late and 1 or 0), enabled = settings.get("automation_enabled"), late = late,
      last_run = last, last_error = last and last.last_error,
    }
  end,
}
