local access = require "layby.lib.access"
local answers = require "layby.lib.answers"

return {
  method = "POST", path = "/api/laybys/{id}/hold", permission = "layby.hold",
  summary = "Put a layby on hold: no reminders, late fees or defaults until it is active again",
  params = { access.LAYBY },
  input = { { "reason", "text", max = 500 } },
  output = answers.WHOLE,
  run = function(req)
    local layby = access.layby(req.params.id)
    layby:move("ON_HOLD", req.body.reason)
    return answers.whole(layby)
  end,
}
