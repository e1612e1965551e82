-- Runs of the automation, from the first step to the last.
local M = {}

-- So many laybys in a step, and after so many items no further one: a step is a fraction of what a turn of the lane may take.
local SLICE, ITEMS = 3, 60

---Begins a run.
---@return integer id
function M.begin(trigger, job_id)
  return record.create("layby.automation_run", {
    job_id = job_id, trigger = trigger, status = "RUNNING", started_at = date.now(),
  }).id
end

---Notes that a layby could not be dealt with; it is tried again on the next day.
local function note_failure(run_id, layby, problem)
  local message = type(problem) == "table" and (problem.message or problem.code) or tostring(problem)
  log.error("Automation: layby failed", { layby = layby.layby_number, problem = message })
  local run = record.get("layby.automation_run", run_id)
  run.errors, run.processed, run.last_error = run.errors + 1, run.processed + 1, layby.layby_number .. ": " .. text.cut(message, 1000)
  run:save()
  record.update("layby.customer_layby", layby.id, { action_on = date.add(date.today(), { days = 1 }) })
end

---Deals with the next laybys that have something due.
---@return integer count of those that were dealt with; 0 when none is left
function M.step(run_id)
  local due = record.list("layby.customer_layby", {
    filter = { action_on = { le = date.today() } }, order = { "action_on" }, limit = SLICE, lines = true,
  })
  local count, items = 0, 0
  for _, layby in ipairs(due) do
    items = items + #layby.items
    if count > 0 and items > ITEMS then break end
    local ok, problem = pcall(record.update, "layby.automation_run", run_id, { layby_id = layby.id })
    if not ok then note_failure(run_id, layby, problem) end
    count = count + 1
  end
  return count
end

function M.finish(run_id)
  record.update("layby.automation_run", run_id, { status = "DONE", finished_at = date.now() })
end

return M
