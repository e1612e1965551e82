-- What the routes of the automation answer.
local M = {}

M.RUN = {
  { "id", "integer" }, { "job_id", "integer", json = "jobId" }, { "trigger", "text" }, { "status", "text" },
  { "started_at", "instant", json = "startedAt" }, { "finished_at", "instant", json = "finishedAt" },
  { "processed", "integer" }, { "reminders", "integer" }, { "overdue_notices", "integer", json = "overdueNotices" },
  { "late_fees", "integer", json = "lateFees" }, { "defaults", "integer" }, { "completions", "integer" },
  { "errors", "integer" }, { "last_error", "text", json = "lastError" },
}

-- The four tasks, and what counts them.
local TASKS = {
  { task = "PAYMENT_REMINDERS", field = "reminders" }, { task = "OVERDUE_NOTIFICATIONS", field = "overdue_notices" },
  { task = "LATE_FEES", field = "late_fees" }, { task = "DEFAULT_PROCESSING", field = "defaults" },
}

M.TASK = { { "task", "text" }, { "count", "integer", description = "In the last run." } }

---The last runs, newest first.
function M.runs(limit)
  return record.list("layby.automation_run", { order = { "-id" }, limit = limit })
end

function M.tasks(run)
  local list = {}
  for index, one in ipairs(TASKS) do list[index] = { task = one.task, count = run and run[one.field] or 0 } end
  return list
end

---The day on which it is due next, at 06:00 of the tenant's time; nil while it is switched off.
function M.next_on(last)
  if not settings.get("automation_enabled") then return nil end
  local today = date.today()
  return last and last.started_at:sub(1, 10) >= today and date.add(today, { days = 1 }) or today
end

---Whether no run has begun for more than a day although it is switched on.
function M.is_late(last)
  return settings.get("automation_enabled") and last ~= nil and date.diff(last.started_at:sub(1, 10), date.today()) > 1
end

return M
