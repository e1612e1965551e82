local access = require "layby.lib.access"
local answers = require "layby.lib.answers"

---The branches whose laybys are shown: the one asked for, or all that the user works at.
local function branches(id)
  if id then return access.place(id).id end
  local all, own = branch.list(), {}
  for _, place in ipairs(all) do if user.is_member(place.id) then own[#own + 1] = place.id end end
  if #own < #all then return { ["in"] = own } end
end

return {
  method = "GET", path = "/api/laybys", permission = "layby.view",
  summary = "List laybys, newest first",
  query = {
    { "business", "integer", json = "businessId", min = 1, description = "Of this branch; of all of one's own if left out." },
    { "status", "enum", values = { "ACTIVE", "COMPLETED", "CANCELLED", "DEFAULTED", "ON_HOLD" } },
    { "customer", "integer", json = "customerId", min = 1 },
    { "created_by", "integer", json = "createdBy", min = 0 },
    { "from", "date", description = "Made on this day or later." },
    { "through", "date", description = "Made on this day or earlier." },
    { "due_by", "date", json = "dueBy", description = "With a payment due on this day or earlier." },
    { "limit", "integer", default = 50, min = 1, max = 50 },
    { "cursor", "text", max = 40 },
  },
  output = { { "items", "list", fields = answers.LAYBY }, { "next_cursor", "text" } },
  run = function(req)
    local query = req.query
    local filter = {
      branch = branches(query.business), status = query.status, customer = query.customer, opened_by = query.created_by,
    }
    local opened = {}
    if query.from then opened.ge = query.from .. "T00:00:00.000Z" end
    if query.through then opened.lt = date.add(query.through, { days = 1 }) .. "T00:00:00.000Z" end
    if query.from or query.through then filter.opened_at = opened end
    if query.due_by then filter.payment_due_on = { le = query.due_by } end
    if query.cursor then
      local last = math.tointeger(tonumber(query.cursor))
      if not last then access.refuse("layby.cursor_invalid", "cursor", "That cursor is none of this list's.") end
      filter.id = { lt = last }
    end
    -- Ids and times of creation have one order; a filter of one branch and state is read off its index.
    local order = filter.status and type(filter.branch) ~= "table" and { "-opened_at" } or { "-id" }
    local rows = record.list("layby.customer_layby", { filter = filter, order = order, limit = query.limit + 1, lines = true })
    local more = #rows > query.limit
    if more then rows[#rows] = nil end
    for index, row in ipairs(rows) do rows[index] = answers.layby(row) end
    return { items = rows, next_cursor = more and tostring(rows[#rows].id) or nil }
  end,
}
