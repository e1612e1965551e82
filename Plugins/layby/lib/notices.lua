-- Notices to customers: mail and short messages by templates, each once.
local M = {}

local TEMPLATES = { REMINDER = "reminder", OVERDUE = "overdue", LATE_FEE = "late_fee", DEFAULT = "default" }

---Sends by one channel; what cannot be sent is told in the log and holds up nothing.
local function try(send, layby, options)
  local ok, problem = pcall(send, options)
  if ok then return true end
  log.warn("Automation: notice not sent", {
    layby = layby.layby_number, to = options.to, problem = type(problem) == "table" and problem.message or tostring(problem),
  })
  return false
end

---Sends a notice by mail and short message, as far as the customer has them, unless that was done.
---@param kind string   REMINDER, OVERDUE, LATE_FEE or DEFAULT
---@param due_on string of the instalment that it is about
---@param days integer  before or after that day
---@param more? table   further places of the template
---@return integer count 1 for one that was sent, 0 for one that was there
function M.send(layby, kind, due_on, days, more)
  if record.exists("layby.notice", { layby = layby.id, due_on = due_on, kind = kind, days = days }) then return 0 end
  -- One that was deleted meanwhile is told nothing.
  local customer = record.find("catalog.customer", { id = layby.customer }) or {}
  local params = {
    customer = customer.name, layby_number = layby.layby_number, business = branch.get(layby.branch).name,
    amount = layby.installment_amount < layby.balance_remaining and layby.installment_amount or layby.balance_remaining,
    balance = layby.balance_remaining, currency = tenant.currency, due_on = due_on, days = days,
  }
  for name, value in pairs(more or {}) do params[name] = value end
  local template, key = TEMPLATES[kind], "layby:" .. layby.id .. ":" .. kind .. ":" .. due_on .. ":" .. days
  local by_mail = (customer.email or "") ~= ""
    and try(mail.send, layby, { to = customer.email, template = template, params = params, key = key .. ":mail" })
  local by_message = (customer.phone or "") ~= ""
    and try(message.send, layby, { to = customer.phone, template = template, params = params, key = key .. ":message" })
  record.create("layby.notice", {
    layby = layby.id, kind = kind, due_on = due_on, days = days, mail = by_mail, message = by_message, sent_at = date.now(),
  })
  return 1
end

return M
