-- What the routes of the automation answer.
local M = {}

M.RUN = {
  { "id", "integer" }, { "job_id", "integer", json = "jobId" }, { "trigger", "text" }, { "status", "text" },
  { "started_at", "instant", json = "startedAt" }, { "finished_at", "instant", json = "finishedAt" },
  { "processed", "integer" }, { "reminders", "integer" }, { "overdue_notices", "integer", json = "overdueNotices" },
  { "late_fees", "integer", json = "lateFees" }, { "defaults", "integer" }, { "completions", "integer" },
  { "errors", "integer" }, { "last_error", "text", json = "lastError" },
}

M.TASK = { { "task", "text" }, { "count", "integer", description = "In the last run." } }

---Fields of how the automation stands, for both routes.
M.STATE = {
  { "enabled", "boolean", description = "Whether it runs by itself: by the setting automation_enabled and by its schedule." },
  { "schedule", "text", description = "Its cron line in the tenant's time; null without one." },
  { "schedule_enabled", "boolean", json = "scheduleEnabled" },
  { "next_run_at", "instant", json = "nextRunAt", description = "null while it is switched off." },
  { "late", "boolean", description = "Nothing has run for 25 hours, or nothing ever although something was due." },
  { "errors", "integer", description = "Of the last run; one more when it is late, and when its job failed." },
  { "last_error", "text", json = "lastError" },
  { "last_run", "object", json = "lastRun", fields = M.RUN },
}

-- The four tasks, and what counts them.
local TASKS = {
  { task = "PAYMENT_REMINDERS", field = "reminders" }, { task = "OVERDUE_NOTIFICATIONS", field = "overdue_notices" },
  { task = "LATE_FEES", field = "late_fees" }, { task = "DEFAULT_PROCESSING", field = "defaults" },
}

local MOST_MINUTES = 25 * 60

---The last runs, newest first.
function M.runs(limit)
  return record.list("layby.automation_run", { order = { "-id" }, limit = limit })
end

function M.tasks(run)
  local list = {}
  for index, one in ipairs(TASKS) do list[index] = { task = one.task, count = run and run[one.field] or 0 } end
  return list
end

---Minutes since the beginning of some day.
local function minutes(instant)
  local days = date.diff("2000-01-01", instant:sub(1, 10))
  return (days * 24 + math.tointeger(instant:sub(12, 13))) * 60 + math.tointeger(instant:sub(15, 16))
end

local function is_late(last)
  if last then return minutes(date.now()) - minutes(last.started_at) > MOST_MINUTES end
  return record.exists("layby.customer_layby", { action_on = { lt = date.today() } })
end

---The schedule that runs next; one that is switched off where all are.
local function next_of(schedules)
  local found
  for _, one in ipairs(schedules) do
    if not found or one.enabled and (not found.enabled or one.next_due < found.next_due) then found = one end
  end
  return found
end

---How the automation stands.
---@param last? table the last run
function M.state(last)
  local status = job.status("automation")
  local schedule = next_of(status.schedules) or {}
  local is_on, late = settings.get("automation_enabled"), is_late(last)
  -- The job itself failed, rather than a layby in it.
  local failure = status.last_failure
  local failed = failure and failure.id == status.last.id and failure.error or nil
  return {
    enabled = is_on and schedule.enabled or false, schedule = schedule.cron, schedule_enabled = schedule.enabled or false,
    next_run_at = is_on and schedule.next_due or nil, late = late, last_run = last,
    errors = (last and last.errors or 0) + (late and 1 or 0) + (failed and 1 or 0),
    last_error = failed or last and last.last_error,
  }
end

---The fields of two lists, one after the other.
function M.with(fields, more)
  local all = table.move(fields, 1, #fields, 1, {})
  return table.move(more, 1, #more, #all + 1, all)
end

return M
