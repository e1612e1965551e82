local access = require "layby.lib.access"
local answers = require "layby.lib.answers"
local archive = require "layby.lib.archive"

return {
  method = "GET", path = "/api/laybys/{id}", permission = "layby.view",
  summary = "Read a layby with its business, customer, creator, instalments and payments",
  params = { access.LAYBY },
  query = { { "payments", "boolean", default = true, description = "false leaves the payments to GET /api/laybys/{id}/payments." } },
  output = answers.WHOLE,
  run = function(req)
    local archived, payments = archive.find(req.params.id)
    if not archived then return answers.whole(access.layby(req.params.id), not req.query.payments and {} or nil) end
    access.place(archived.branch)
    return answers.archived(archived, req.query.payments and payments or {})
  end,
}
