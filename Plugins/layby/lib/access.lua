-- Which laybys somebody reaches: those of the branches that they work at.
local M = {}

-- What routes take.
M.LAYBY = { "id", "integer", required = true, min = 1, description = "The layby's id." }
M.LIMIT = { "limit", "integer", default = 50, min = 1, max = 50, description = "At most so many." }
M.CURSOR = { "cursor", "text", max = 40, description = "Go on after the page that gave this next_cursor." }

function M.refuse(code, field, message, http)
  reject { code = code, field = field, message = message, http = http or 422 }
end

local refuse = M.refuse

---The branch with this id.
---@return table branch
function M.place(id)
  local place = branch.find(id)
  if not place then refuse("layby.business_unknown", "businessId", "There is no business " .. tostring(id) .. ".") end
  if not user.is_member(place.id) then
    refuse("layby.not_a_member", "businessId", "You are not a member of " .. place.code .. ".", 403)
  end
  return place
end

---The branches whose rows are shown, as a filter takes them: the one asked for, or all that the user works at.
---@param id? integer
function M.branches(id)
  if id then return M.place(id).id end
  local all, own = branch.list(), {}
  for _, place in ipairs(all) do if user.is_member(place.id) then own[#own + 1] = place.id end end
  if #own < #all then return { ["in"] = own } end
end

---A filter of instants by the days (UTC) that they are to be in; nil for any.
---@param from? string
---@param through? string
function M.days(from, through)
  if not from and not through then return nil end
  return {
    ge = from and from .. "T00:00:00.000Z", lt = through and date.add(through, { days = 1 }) .. "T00:00:00.000Z",
  }
end

---The id that a list goes on after.
---@param cursor? string
function M.after(cursor)
  local last = math.tointeger(tonumber(cursor))
  if not last then M.refuse("layby.cursor_invalid", "cursor", "That cursor is none of this list's.") end
  return { lt = last }
end

---A page of rows of which one more was read, and where it goes on.
function M.page(rows, limit)
  local more = #rows > limit
  if more then rows[#rows] = nil end
  return { items = rows, next_cursor = more and tostring(rows[#rows].id) or nil }
end

---The layby with this id, its items with it.
---@return Record
function M.layby(id)
  local layby = record.find("layby.customer_layby", { id = id })
  if not layby then refuse("layby.not_found", "id", "There is no layby " .. tostring(id) .. ".", 404) end
  M.place(layby.branch)
  return layby
end

---Refuses unless the layby is in one of these states.
function M.require_status(layby, what, ...)
  for _, status in ipairs { ... } do if layby.status == status then return end end
  reject { code = "layby.wrong_status", field = "status", http = 409, params = { status = layby.status },
    message = layby.layby_number .. " is " .. layby.status .. "; " .. what .. " takes one that is "
      .. table.concat({ ... }, " or ") .. "." }
end

return M
