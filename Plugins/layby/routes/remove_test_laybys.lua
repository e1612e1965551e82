-- What was made to try things out, told by its number. What stands in the books is not a trial.
local PREFIX, MOST = "LAY-TEST", 50

return {
  method = "POST", path = "/api/laybys/test-data/remove", permission = "layby.configure",
  summary = "Remove laybys whose number begins with LAY-TEST, unless anything of them was posted",
  output = { { "removed", "integer" }, { "remaining", "integer" } },
  run = function()
    local filter = { layby_number = { begins = PREFIX } }
    local rows = record.list("layby.customer_layby", { filter = filter, order = { "id" }, limit = MOST })
    for _, layby in ipairs(rows) do
      if #ledger.entries { source = { type = "layby.customer_layby", id = layby.id }, limit = 1 } > 0 then
        reject { code = "layby.posted", http = 409, field = "laybyNumber",
          message = layby.layby_number .. " stands in the books; it can be cancelled, not removed." }
      end
      for _, kind in ipairs { "layby.notice", "layby.late_fee", "layby.customer_layby_payment" } do
        for _, row in ipairs(record.list(kind, { filter = { layby = layby.id }, order = { "-id" } })) do record.delete(kind, row.id) end
      end
      record.delete("layby.customer_layby", layby.id)
    end
    return { removed = #rows, remaining = record.count("layby.customer_layby", filter) }
  end,
}
