local hires = require "rental.lib.hires"

return {
  method = "POST", path = "/api/rentals/overdue", permission = "rental.hire",
  summary = "Mark what should have come back",
  output = { { "marked", "integer" } },
  run = function() return { marked = hires.mark_overdue() } end,
}
