local access = require "layby.lib.access"
local answers = require "layby.lib.answers"

return {
  method = "POST", path = "/api/laybys/{id}/reactivate", permission = "layby.hold",
  summary = "Make a layby active again that is on hold or was defaulted; what is due moves on",
  params = { access.LAYBY },
  input = { { "reason", "text", max = 500 } },
  output = answers.WHOLE,
  run = function(req)
    local layby = access.layby(req.params.id)
    layby:move("ACTIVE", req.body.reason)
    return answers.whole(layby)
  end,
}
