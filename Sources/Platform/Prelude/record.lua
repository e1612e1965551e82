-- record: records as tables that know what was changed.
local kernel = ...
local host = kernel.host.record

-- How each record was: frozen, or a table once somebody asked.
-- Weak, so that records which a script has done with leave the memory: `each` goes over more than fit in it.
local originals = kernel.setmetatable({}, { __mode = "k" })
local types = kernel.setmetatable({}, { __mode = "k" })
local doc = {}

local function original(row)
  local kept = originals[row]
  if type(kept) == "string" then
    kept = kernel.thaw(kept)
    originals[row] = kept
  end
  return kept
end

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
  if field then return original(self)[field] end
  return original(self)
end

---Whether the field is other than it was when the record was read.
function doc:changed(field) return not same(original(self)[field], self[field]) end

---Writes the changed fields; those that were set to nil become empty.
function doc:save()
  local type_name = types[self]
  if not type_name then error("doc:save: this record is being saved already; change its fields", 2) end
  local kept = originals[self]
  if type(kept) ~= "string" then kept = kernel.freeze(kept) end
  local changes, cleared, any = kernel.difference(self, kept)
  local id = self.id
  if changes.id then
    -- A record that was just made got its id after the values that were given; of any other the first one counts.
    local before = original(self).id
    if before then
      id = before
    else
      changes.id = nil
      any = #cleared > 0 or next(changes) ~= nil
    end
  end
  if any then
    self.version = host.update(type_name, id, changes, cleared)
    originals[self] = kernel.freeze(self)
  end
  return self
end

-- Moves the record; what was changed and not saved is saved before.
local function moved(self, verb, ...)
  self:save()
  local type_name, id = types[self], original(self).id or self.id
  host[verb](type_name, id, ...)
  local row = host.find(type_name, { id = id })
  local frozen = kernel.received()
  for name in pairs(self) do self[name] = nil end
  for name, value in pairs(row) do self[name] = value end
  originals[self] = frozen
  return self
end

---Moves the record to another state of its type.
function doc:move(state, note) return moved(self, "move", state, note) end

---Posts the record: makes the move that its type declares with `post = true`.
function doc:post(note) return moved(self, "post", note) end

---Voids the record: makes the move that its type declares with `void = true`.
function doc:void(note) return moved(self, "void", note) end

local meta = { __index = doc, __metatable = false }

local function attach(type_name, row, frozen)
  originals[row], types[row] = frozen, type_name
  return kernel.setmetatable(row, meta)
end

---The first record that fits the filter, or nil.
local function first(type_name, filter)
  local row = host.find(type_name, filter)
  return row and attach(type_name, row, kernel.received())
end

local M = {
  count = host.count, sum = host.sum, schema = host.schema, reveal = host.reveal, insert = host.create, delete = host.delete,
  restore = host.restore, move = host.move, post = host.post, void = host.void,
}

---The first record that fits the filter, with its lines, or nil.
function M.find(type_name, filter) return first(type_name, filter) end

---The record with this id; raises where there is none.
function M.get(type_name, id)
  return first(type_name, { id = id })
    or error("record.get: there is no " .. type_name .. " " .. tostring(id), 2)
end

---The records that fit: options are filter, order (names, "-name" for descending), limit and lines.
function M.list(type_name, options)
  local rows = host.list(type_name, options)
  for index, frozen in ipairs(kernel.elements()) do attach(type_name, rows[index], frozen) end
  return rows
end

---Goes over the records that fit, reading a page of them at a time: options as of list, and a limit of any size.
function M.each(type_name, options)
  local page, names, size = {}, { "id" }, 200
  for name, value in pairs(options or {}) do page[name] = value end
  local left = page.limit
  if left ~= nil and (math.type(left) ~= "integer" or left < 1) then
    error("record.each: the limit must be an integer above 0", 2)
  end
  if page.lines then size = 50 end
  local order = page.order
  if type(order) == "string" then order = { order } end
  if type(order) == "table" then
    for _, name in ipairs(order) do names[#names + 1] = (tostring(name):gsub("^-", "")) end
  end
  local rows, frozen, place, last, more = {}, {}, 0, nil, false
  return function()
    if place == #rows then
      if last and not more or left == 0 then return nil end
      page.limit = left and math.min(size, left) or size
      rows = host.each(type_name, page, last)
      frozen, place = kernel.elements(), 0
      -- Of large records there are fewer on a page, and true behind them.
      more = rows[#rows] == true or #rows == page.limit
      if rows[#rows] == true then rows[#rows] = nil end
      if #rows == 0 then
        last = {}
        return nil
      end
      if left then left = left - #rows end
      -- Where the next page begins is kept before the record is handed out and may change.
      last = {}
      for _, name in ipairs(names) do last[name] = rows[#rows][name] end
    end
    place = place + 1
    local row = rows[place]
    return attach(type_name, row, frozen[place])
  end
end

---Whether a record fits the filter.
function M.exists(type_name, filter) return host.count(type_name, filter) > 0 end

---Makes a record; gives back its id and what was given for it. Defaults and numbers are in what `get` gives.
function M.create(type_name, values)
  local id = host.create(type_name, values)
  local given = kernel.passed(2)
  local row = kernel.clone(values)
  row.id = id
  return attach(type_name, row, given)
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

-- After the commit a hook gets the record as it is by then; nil where it was deleted.
kernel.invoker("after_commit", function(run, context, values)
  run(attach(context.type, values), context)
end)
