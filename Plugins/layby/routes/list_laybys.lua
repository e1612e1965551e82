local access = require "layby.lib.access"
local answers = require "layby.lib.answers"

return {
  method = "GET", path = "/api/laybys", permission = "layby.view",
  summary = "List laybys, newest first",
  query = {
    { "business", "integer", json = "businessId", min = 1, description = "Of this branch; of all of one's own if left out." },
    { "status", "enum", values = { "ACTIVE", "COMPLETED", "CANCELLED", "DEFAULTED", "ON_HOLD" }, description = "In this state only." },
    { "customer", "integer", json = "customerId", min = 1, description = "Of this customer only." },
    { "created_by", "integer", json = "createdBy", min = 0, description = "Made by this user; 0 is the kernel's own hand." },
    { "from", "date", description = "Made on this day (UTC) or later." },
    { "through", "date", description = "Made on this day (UTC) or earlier." },
    { "due_by", "date", json = "dueBy", description = "With a payment due on this day or earlier." },
    access.LIMIT, access.CURSOR,
  },
  output = { { "items", "list", fields = answers.LAYBY }, { "next_cursor", "text" } },
  run = function(req)
    local query = req.query
    local filter = {
      branch = access.branches(query.business), status = query.status, customer = query.customer, opened_by = query.created_by,
      opened_at = access.days(query.from, query.through),
    }
    if query.due_by then filter.payment_due_on = { le = query.due_by } end
    if query.cursor then filter.id = access.after(query.cursor) end
    -- Ids and times of creation have one order; a filter of one branch and state is read off its index.
    local order = filter.status and type(filter.branch) ~= "table" and { "-opened_at" } or { "-id" }
    local rows = record.list("layby.customer_layby", { filter = filter, order = order, limit = query.limit + 1, lines = true })
    for index, row in ipairs(rows) do rows[index] = answers.layby(row) end
    return access.page(rows, query.limit)
  end,
}
