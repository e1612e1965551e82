-- record: records as tables that know what was changed.
local kernel = ...
local host = kernel.host.record

local originals = {}
local types = {}
local doc = {}

---The value that the field had when the record was read; without a name, all of them.
function doc:old(field)
  if field then return originals[self][field] end
  return originals[self]
end

---Whether the field is other than it was when the record was read.
function doc:changed(field) return originals[self][field] ~= self[field] end

---Writes the changed fields.
function doc:save()
  local before, changes, any = originals[self], {}, false
  for name, value in pairs(self) do
    if name ~= "id" and before[name] ~= value then
      changes[name] = value
      any = true
    end
  end
  if any then
    self.version = host.update(types[self], self.id, changes)
    for name, value in pairs(changes) do before[name] = value end
  end
  return self
end

local meta = { __index = doc, __metatable = false }

local function attach(type_name, row)
  if row == nil then return nil end
  originals[row], types[row] = kernel.clone(row), type_name
  return kernel.setmetatable(row, meta)
end

local M = { count = host.count, delete = host.delete, update = host.update }

---The first record that fits the filter, with its lines, or nil.
function M.find(type_name, filter) return attach(type_name, host.find(type_name, filter)) end

---The record with this id; raises where there is none.
function M.get(type_name, id)
  return attach(type_name, host.find(type_name, { id = id }))
    or error("there is no " .. type_name .. " " .. tostring(id), 2)
end

---The records that fit: options are filter, order (names, "-name" for descending), limit and lines.
function M.list(type_name, options)
  local rows = host.list(type_name, options)
  for _, row in ipairs(rows) do attach(type_name, row) end
  return rows
end

---Whether a record fits the filter.
function M.exists(type_name, filter) return host.count(type_name, filter) > 0 end

---Makes a record; gives it back with its id.
function M.create(type_name, values)
  local id = host.create(type_name, values)
  local row = kernel.clone(values)
  row.id = id
  originals[row], types[row] = values, type_name
  return kernel.setmetatable(row, meta)
end

kernel.global("record", M)
