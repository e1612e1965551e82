local access = require "layby.lib.access"
local answers = require "layby.lib.answers"

return {
  method = "PUT", path = "/api/laybys/{id}", permission = "layby.create",
  summary = "Edit the notes of a layby; amounts, status, number and business change by its own steps only",
  params = { access.LAYBY },
  input = {
    { "notes", "text", max = 2000 }, { "version", "integer", min = 1, description = "The version that was read, to be sure of it." },
  },
  output = answers.WHOLE,
  run = function(req)
    local layby = access.layby(req.params.id)
    if req.body.version and req.body.version ~= layby.version then
      access.refuse("layby.version_stale", "version",
        layby.layby_number .. " has changed since; its version is " .. layby.version .. ".", 409)
    end
    layby.notes = req.body.notes
    layby:save()
    return answers.whole(record.get("layby.customer_layby", layby.id))
  end,
}
