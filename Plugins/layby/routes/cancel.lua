local access = require "layby.lib.access"
local answers = require "layby.lib.answers"
local settlement = require "layby.lib.settlement"
local terms = require "layby.lib.terms"

return {
  method = "POST", path = "/api/laybys/{id}/cancel", permission = "layby.cancel",
  summary = "Cancel a layby: fee, refund and goods as its terms say; GET …/cancellation tells them before",
  params = { access.LAYBY },
  input = {
    { "reason", "text", max = 500 },
    { "expected_refund", "money", json = "expectedRefund", min = 0,
      description = "The refund that was told before: another one is refused." },
  },
  output = answers.WHOLE,
  run = function(req)
    local layby = access.layby(req.params.id)
    local expected = req.body.expected_refund
    if expected then
      local rest = settlement.figures(layby, terms.of(layby).policies.refunds.on_cancel)
      if expected ~= rest.refund + rest.credited then
        access.refuse("layby.figures_changed", "expectedRefund",
          "The refund is " .. (rest.refund + rest.credited):format() .. " by now, not " .. expected:format() .. ".", 409)
      end
    end
    layby:move("CANCELLED", req.body.reason)
    return answers.whole(layby)
  end,
}
