-- The words of tests about how a result came about: which rule decided, what was noted, what it cost, and whether what was
-- decided once is decided again.
local kernel = ...
local host = kernel.host.testing
local fail, show, same = kernel.testing.fail, kernel.testing.show, kernel.testing.same

-- MARK: Rules

local rule = {}

local function number(reference) return math.tointeger(tonumber(reference:match("@(%d+)$"))) end

---The version that had a say: its number, or "Rules/fees/standard.lua@3".
function rule:version(wanted)
  local got = {}
  for _, set in ipairs(self.sets) do
    if set.reference == wanted or number(set.reference) == wanted then return self end
    got[#got + 1] = set.reference
  end
  fail("expected " .. self.contract .. " to be decided by version " .. show(wanted, 1) .. ", and it was " .. table.concat(got, ", "))
end

---The function or the value at this place of the rule file: "fees.late_fee_amount". What follows is about it.
function rule:at(path)
  local values, decided, seen = {}, false, {}
  for _, decision in ipairs(self.decisions) do
    seen[#seen + 1] = decision["function"]
    if decision["function"] == path then
      values[#values + 1] = decision.result
      decided = true
    end
  end
  if not decided then
    for _, set in ipairs(self.sets) do
      local value = host.rule_value(set.reference, path)
      if value ~= nil then values[#values + 1] = value end
    end
  end
  if #values == 0 and not decided then
    fail("expected " .. self.contract .. " to be decided at " .. path .. "; decided was "
      .. (#seen > 0 and table.concat(seen, ", ") or "no function, and there is no such value"))
  end
  return kernel.setmetatable(
    { contract = self.contract, sets = self.sets, decisions = self.decisions, values = values, place = path },
    kernel.getmetatable(self))
end

---What it gave: money may be written as "5.00 GHS".
function rule:value(wanted)
  local values = self.values
  if not values then
    values = {}
    for _, decision in ipairs(self.decisions) do values[#values + 1] = decision.result end
  end
  local got = {}
  for _, value in ipairs(values) do
    if same(value, wanted) then return self end
    local kind = kernel.kind(value)
    if kind == "money" and type(wanted) == "string" then
      if wanted == value:format() or wanted == value:format() .. " " .. value.currency then return self end
    elseif kind == "decimal" and tostring(value) == tostring(wanted) then
      return self
    end
    got[#got + 1] = show(value, 1)
  end
  fail("expected " .. (self.place or self.contract) .. " to give " .. show(wanted, 1) .. ", and it gave "
    .. (#got > 0 and table.concat(got, ", ") or "nothing"))
end

local rule_meta = { __index = rule, __metatable = false }

---Wants that a rule set of this contract had a say in the last call or job, or in what the test itself did since. Goes on by
---:version(3), :at("fees.late_fee_amount") and :value(money "5.00").
local function expect_rule(contract)
  local seen = host.rules(contract)
  if #seen.sets == 0 then
    fail("expected a rule of " .. contract .. " to have a say; there was "
      .. (#seen.others > 0 and table.concat(seen.others, ", ") or "none"))
  end
  return kernel.setmetatable({ contract = contract, sets = seen.sets, decisions = seen.decisions }, rule_meta)
end

---Wants that these were noted by trace.note: { label = value }, in the last call or job, or by the test itself since.
local function expect_trace(wanted)
  local notes = host.notes()
  for label, value in pairs(wanted) do
    local got = {}
    local found
    for _, note in ipairs(notes) do
      if note.label == label then
        found = found or same(note.value, value)
        got[#got + 1] = show(note.value, 1)
      end
    end
    if not found then
      if #got > 0 then fail("expected the note " .. label .. " to be " .. show(value, 1) .. ", got " .. table.concat(got, ", ")) end
      local labels = {}
      for _, note in ipairs(notes) do labels[#labels + 1] = note.label end
      fail("expected a note " .. label .. "; there was " .. (#labels > 0 and table.concat(labels, ", ") or "none"))
    end
  end
end

-- MARK: Cost

local units = { k = 1000, M = 1000000 }
local names = { instructions = true, queries = true, rows = true, rows_written = true, host_calls = true, memory = true }
-- What was asked without a function, until it is known that none follows.
local waiting

local function limits_of(limits)
  local parsed = {}
  for name, text in pairs(limits) do
    local sign, digits, unit = tostring(text):match("^(<=?)%s*(%d+)([kM]?)$")
    if not names[name] or not sign then error('a budget is { instructions = "<1M", queries = "<=3" }', 3) end
    parsed[name] = { sign = sign, text = text, limit = math.tointeger(tonumber(digits)) * (units[unit] or 1) }
  end
  return parsed
end

local function excess(parsed, used)
  for name, bound in pairs(parsed) do
    local got = used[name]
    if got > bound.limit or (bound.sign == "<" and got == bound.limit) then
      return "expected " .. name .. " " .. bound.text .. ", used " .. got
    end
  end
end

local function settle()
  local pending = waiting
  waiting = nil
  if pending and pending.problem then error({ kind = "failure", message = pending.problem, place = pending.place }, 0) end
end

---Wants what the last call or job used, or the test so far where there was none, below limits: instructions, queries, rows
---(read), rows_written, host_calls and memory (bytes), as "<1M" or "<=3". With a function behind it: what that one uses.
local function expect_budget(limits)
  settle()
  local parsed = limits_of(limits)
  waiting = { problem = excess(parsed, host.costs("last")), place = kernel.where() }
  return function(body)
    waiting = nil
    local before = host.costs("begin")
    local steps, _, _, calls = kernel.remaining()
    body()
    local steps_left, _, _, calls_left = kernel.remaining()
    local used = host.costs("all")
    for _, name in ipairs { "queries", "rows", "rows_written" } do used[name] = used[name] - before[name] end
    used.instructions, used.host_calls = steps - steps_left, calls - calls_left
    local problem = excess(parsed, used)
    if problem then fail(problem) end
  end
end

-- MARK: Again

---Decides again what was decided once: the decisions in fixtures/NAME.json (`kontor rules replay` writes them), or those of a
---record of this business, "pos.sale/17". The same input must give the same figures.
local function replay(name)
  local report = host.replay(name)
  if #report.differences == 0 then return report end
  local parts = {}
  for index, one in ipairs(report.differences) do
    parts[index] = one["function"] .. " of " .. one.rule .. ": " .. (one.failure or
      "expected " .. show(one.before, 1) .. ", got " .. show(one.after, 1))
    if index == 3 then break end
  end
  fail(report.summary .. ": " .. table.concat(parts, "; "))
end

for name, value in pairs {
  expect_rule = expect_rule, expect_trace = expect_trace, expect_budget = expect_budget, replay = replay,
} do kernel.global(name, value) end

kernel.testing.finish = settle
