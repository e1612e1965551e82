return {
  method = "POST", path = "/api/laybys/automation/run", permission = "layby.automate", status = 202, rate = "trigger",
  summary = "Run the automation now; once in five minutes",
  output = { { "job_id", "integer", json = "jobId" } },
  run = function() return { job_id = job.enqueue("automation") } end,
}
