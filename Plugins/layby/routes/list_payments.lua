local access = require "layby.lib.access"
local answers = require "layby.lib.answers"
local archive = require "layby.lib.archive"

return {
  method = "GET", path = "/api/laybys/{id}/payments", permission = "layby.view",
  summary = "List the payments and refunds of a layby, newest first",
  params = { access.LAYBY },
  output = { { "items", "list", fields = answers.PAYMENT }, { "next_cursor", "text" } },
  run = function(req)
    local archived, payments = archive.find(req.params.id)
    if archived then
      access.place(archived.branch)
      return { items = payments }
    end
    local layby = access.layby(req.params.id)
    return { items = record.list("layby.customer_layby_payment", { filter = { layby = layby.id }, order = { "-id" }, limit = 1000 }) }
  end,
}
