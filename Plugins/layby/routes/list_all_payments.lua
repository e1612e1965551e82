local access = require "layby.lib.access"
local answers = require "layby.lib.answers"

return {
  method = "GET", path = "/api/laybys/payments", permission = "layby.view",
  summary = "List payments and refunds over all laybys, newest first: by who took them, or by day",
  query = {
    { "business", "integer", json = "businessId", min = 1, description = "Of this branch; of all of one's own if left out." },
    { "processed_by", "integer", json = "processedBy", min = 0, description = "The user; 0 is the kernel's own hand." },
    { "from", "date", description = "Taken on this day or later." },
    { "through", "date", description = "Taken on this day or earlier." },
    access.LIMIT, access.CURSOR,
  },
  output = { { "items", "list", fields = answers.PAYMENT }, { "next_cursor", "text" } },
  run = function(req)
    local query = req.query
    local filter = {
      branch = access.branches(query.business), processed_by = query.processed_by,
      payment_date = access.days(query.from, query.through),
    }
    if query.cursor then filter.id = access.after(query.cursor) end
    local rows = record.list("layby.customer_layby_payment", { filter = filter, order = { "-id" }, limit = query.limit + 1 })
    return access.page(rows, query.limit)
  end,
}
