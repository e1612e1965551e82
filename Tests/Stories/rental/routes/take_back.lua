local hires = require "rental.lib.hires"

return {
  method = "POST", path = "/api/rentals/{id}/return", permission = "rental.hire",
  summary = "Take equipment back",
  params = { { "id", "integer", required = true } },
  output = { { "id", "integer" }, { "status", "text" }, { "returned_on", "date" }, { "late_fee", "money" } },
  run = function(req) return hires.take_back(req.params.id) end,
}
