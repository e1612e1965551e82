local answers = require "layby.lib.automation_answers"

return {
  method = "GET", path = "/api/laybys/automation/status", permission = "layby.automate",
  summary = "For monitors: how many errors the last run of the automation had, and whether it runs at all",
  output = answers.STATE,
  run = function() return answers.state(answers.runs(1)[1]) end,
}
