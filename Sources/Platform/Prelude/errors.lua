-- reject and problems: business refusals, with a code, a field and the sentence a person reads.
local kernel = ...

---Refuses the request: everything it did is rolled back, and the caller gets code, field and message.
---@param refusal { code: string, message: string?, field: string?, http: integer?, params: table? }
local function reject(refusal)
  if type(refusal) ~= "table" or type(refusal.code) ~= "string" then
    error("reject takes a table with a code", 2)
  end
  local status = refusal.http or 422
  if math.type(status) ~= "integer" or status < 400 or status > 499 then
    error("reject: http must be from 400 to 499", 2)
  end
  error({
    kind = "reject", code = refusal.code, field = refusal.field, http = status, params = refusal.params,
    message = refusal.message or refusal.code,
  }, 0)
end

---Collects several refusals and raises them at once.
local function problems()
  local list = {}
  return {
    add = function(_, refusal) list[#list + 1] = refusal end,
    count = function() return #list end,
    raise = function()
      if #list == 0 then return end
      local first = list[1]
      local all = {}
      for i, one in ipairs(list) do
        all[i] = { code = one.code, field = one.field, message = one.message or one.code }
      end
      error({
        kind = "reject", code = first.code, field = first.field, http = first.http or 422,
        message = first.message or first.code, errors = all,
      }, 0)
    end,
  }
end

kernel.global("reject", reject)
kernel.global("problems", problems)
