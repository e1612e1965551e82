local hires = require "rental.lib.hires"

return {
  id = "overdue", title = "Mark what should have come back", cron = "5 0 * * *",
  run = function() if hires.mark_overdue() == 200 then return "more" end end,
}
