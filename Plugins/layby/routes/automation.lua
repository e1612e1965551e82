local answers = require "layby.lib.automation_answers"

return {
  method = "GET", path = "/api/laybys/automation", permission = "layby.automate",
  summary = "The automation: whether it is on, when it runs next, its tasks and its last 50 runs",
  output = answers.with(answers.STATE, {
    { "time_zone", "text", json = "timeZone" }, { "tasks", "list", fields = answers.TASK }, { "runs", "list", fields = answers.RUN },
  }),
  run = function()
    local runs = answers.runs(50)
    local state = answers.state(runs[1])
    state.time_zone, state.tasks, state.runs = tenant.time_zone, answers.tasks(runs[1]), runs
    return state
  end,
}
