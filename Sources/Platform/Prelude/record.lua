-- record: records as tables that know what was changed.
local kernel = ...
local host = kernel.host.record

local originals = {}
local types = {}
local doc = {}

local function same(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

---The value that the field had when the record was read; without a name, all of them.
function doc:old(field)
  if field then return originals[self][field] end
  return originals[self]
end

---Whether the field is other than it was when the record was read.
function doc:changed(field) return not same(originals[self][field], self[field]) end

---Writes the changed fields; those that were set to nil become empty.
function doc:save()
  local type_name = types[self]
  if not type_name then error("doc:save: this record is being saved already; change its fields", 2) end
  local before, changes, cleared, any = originals[self], {}, {}, false
  for name, value in pairs(self) do
    -- A record that was just made got its id after the values that were given.
    if not same(before[name], value) and (name ~= "id" or before.id) then
      changes[name] = value
      any = true
    end
  end
  for name in pairs(before) do
    if self[name] == nil and doc[name] == nil then
      cleared[#cleared + 1] = name
      any = true
    end
  end
  if any then
    self.version = host.update(type_name, before.id or self.id, changes, cleared)
    originals[self] = kernel.clone(self, true)
  end
  return self
end

---Moves the record to another state of its type; what was changed and not saved is saved before.
function doc:move(state, note)
  self:save()
  local type_name, id = types[self], originals[self].id or self.id
  host.move(type_name, id, state, note)
  local row = host.find(type_name, { id = id })
  for name in pairs(self) do self[name] = nil end
  for name, value in pairs(row) do self[name] = value end
  originals[self] = kernel.clone(row, true)
  return self
end

local meta = { __index = doc, __metatable = false }

local function attach(type_name, row)
  if row == nil then return nil end
  originals[row], types[row] = kernel.clone(row, true), type_name
  return kernel.setmetatable(row, meta)
end

local M = { count = host.count, delete = host.delete, move = host.move, restore = host.restore }

---The first record that fits the filter, with its lines, or nil.
function M.find(type_name, filter) return attach(type_name, host.find(type_name, filter)) end

---The record with this id; raises where there is none.
function M.get(type_name, id)
  return attach(type_name, host.find(type_name, { id = id }))
    or error("record.get: there is no " .. type_name .. " " .. tostring(id), 2)
end

---The records that fit: options are filter, order (names, "-name" for descending), limit and lines.
function M.list(type_name, options)
  local rows = host.list(type_name, options)
  for _, row in ipairs(rows) do attach(type_name, row) end
  return rows
end

---Whether a record fits the filter.
function M.exists(type_name, filter) return host.count(type_name, filter) > 0 end

---Makes a record; gives back its id and what was given for it. Defaults and numbers are in what `get` gives.
function M.create(type_name, values)
  local id = host.create(type_name, values)
  local row = kernel.clone(values, true)
  row.id = id
  originals[row], types[row] = values, type_name
  return kernel.setmetatable(row, meta)
end

---Changes fields of the record with this id; gives its new version.
function M.update(type_name, id, changes) return host.update(type_name, id, changes) end

kernel.global("record", M)

-- Hooks change the fields of the record they get: what it is afterwards is what goes on.
kernel.invoker("hook", function(run, context, values, old)
  kernel.setmetatable(values, meta)
  originals[values] = old or {}
  -- While it is on its way to the table there is nothing to save it over.
  if context.phase == "after_save" or context.phase == "before_delete" then types[values] = context.type end
  run(values, context)
  return values
end)
