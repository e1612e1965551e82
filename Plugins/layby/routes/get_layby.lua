local access = require "layby.lib.access"
local answers = require "layby.lib.answers"

return {
  method = "GET", path = "/api/laybys/{id}", permission = "layby.view",
  summary = "Read a layby with its business, customer, creator, instalments and payments",
  params = { { "id", "integer", required = true, min = 1 } },
  query = { { "payments", "boolean", default = true, description = "false leaves the payments to GET /api/laybys/{id}/payments." } },
  output = answers.WHOLE,
  run = function(req) return answers.whole(access.layby(req.params.id), req.query.payments) end,
}
