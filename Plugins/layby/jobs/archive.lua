local archive = require "layby.lib.archive"

return {
  id = "archive", title = "Move laybys that were completed long ago to the archive",
  cron = "30 2 * * *", overlap = "skip", catch_up = "last",
  permission = "layby.configure",
  run = function(cursor)
    local before = date.add(date.today(), { months = -settings.get("archive_after_months") })
    local count = archive.step(before)
    if count == 0 then return nil end
    return (cursor or 0) + count
  end,
}
