-- Which laybys somebody reaches: those of the branches that they work at.
local M = {}

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
