local hires = require "rental.lib.hires"

return {
  method = "POST", path = "/api/rentals", permission = "rental.hire", status = 201,
  summary = "Hand equipment out",
  input = {
    { "asset", "text", required = true, max = 40, example = "LADDER-1", description = "The equipment's code." },
    { "customer", "text", required = true, max = 100, example = "Efua" },
    { "days", "integer", required = true, min = 1, max = 365, example = 2 },
  },
  output = {
    { "id", "integer" }, { "number", "text" }, { "due_on", "date" }, { "fee", "money" }, { "status", "text" }, { "rules", "text" },
  },
  run = function(req) return hires.hand_out(req.body) end,
}
