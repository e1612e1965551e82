local access = require "layby.lib.access"
local answers = require "layby.lib.answers"

return {
  method = "POST", path = "/api/laybys/{id}/complete", permission = "layby.complete",
  summary = "Hand over a layby that is paid: stock, revenue, taxes and the sales order",
  params = { access.LAYBY },
  input = { { "reason", "text", max = 500 } },
  output = answers.WHOLE,
  run = function(req)
    local layby = access.layby(req.params.id)
    layby:move("COMPLETED", req.body.reason)
    return answers.whole(layby)
  end,
}
