-- The words of tests, as busted has them: describe, it, expect and what drives a business as its users do.
local kernel = ...
local host = kernel.host.testing

-- MARK: Structure

local tests = {}
local scopes = { { before = {}, after = {} } }
local names = {}

local function full(name)
  local parts = { table.unpack(names) }
  parts[#parts + 1] = name
  return table.concat(parts, " ")
end

---Groups tests; before_each and after_each inside hold for them only.
local function describe(name, body)
  names[#names + 1] = name
  scopes[#scopes + 1] = { before = {}, after = {} }
  body()
  scopes[#scopes] = nil
  names[#names] = nil
end

local function add(name, body, pending)
  local around = { table.unpack(scopes) }
  tests[#tests + 1] = { name = full(name), body = body, around = around, place = kernel.where(), pending = pending }
end

---One test: it runs on its own, and leaves nothing behind.
local function it(name, body) add(name, body) end

---A test that is still to be written.
local function pending(name) add(name, nil, true) end

local function before_each(body) table.insert(scopes[#scopes].before, body) end
local function after_each(body) table.insert(scopes[#scopes].after, body) end

-- MARK: Saying what differs

local function show(value, depth)
  local kind = kernel.kind(value)
  if kind == "money" then return value:format() .. " " .. value.currency end
  if type(value) == "string" then return '"' .. value .. '"' end
  if type(value) ~= "table" then return tostring(value) end
  if depth > 4 then return "{…}" end
  local parts = {}
  for key, inner in pairs(value) do
    local text = show(inner, depth + 1)
    parts[#parts + 1] = math.type(key) and text or tostring(key) .. " = " .. text
    if #parts == 20 then
      parts[21] = "…"
      break
    end
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function fail(message)
  error({ kind = "failure", message = message, place = kernel.where() }, 0)
end

local function same(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for key, value in pairs(a) do if not same(value, b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end

-- MARK: expect

local expectation = {}

---Deeply equal: tables by their contents, money by amount and currency.
function expectation:equals(wanted)
  if not same(self.value, wanted) then fail("expected " .. show(wanted, 1) .. ", got " .. show(self.value, 1)) end
end

---Other than.
function expectation:differs_from(other)
  if same(self.value, other) then fail("expected anything but " .. show(other, 1)) end
end

---At most `tolerance` away.
function expectation:near(wanted, tolerance)
  local distance = self.value - wanted
  local zero = wanted - wanted
  if distance < zero then distance = wanted - self.value end
  if distance > tolerance then
    fail("expected " .. show(wanted, 1) .. " within " .. show(tolerance, 1) .. ", got " .. show(self.value, 1))
  end
end

---Text that fits a Lua pattern.
function expectation:matches(pattern)
  if type(self.value) ~= "string" or not self.value:find(pattern) then
    fail("expected text that matches " .. show(pattern, 1) .. ", got " .. show(self.value, 1))
  end
end

---A part of a text, or an element of a list; a table as element needs only the named fields to be the same.
function expectation:contains(part)
  local value = self.value
  if type(value) == "string" then
    if value:find(part, 1, true) then return end
  elseif type(value) == "table" then
    for _, element in pairs(value) do
      if same(element, part) then return end
      if type(element) == "table" and type(part) == "table" then
        local fits = true
        for key, wanted in pairs(part) do fits = fits and same(element[key], wanted) end
        if fits then return end
      end
    end
  end
  fail("expected " .. show(value, 1) .. " to contain " .. show(part, 1))
end

---An amount written as "120.00 GHS", or "120.00" in the tenant's currency.
function expectation:money(text)
  local amount, code = text:match("^(%S+)%s*(%u*)$")
  if not amount then error('money is written as "120.00 GHS"', 2) end
  local wanted = money.parse(amount, code ~= "" and code or nil)
  local value = self.value
  if math.type(value) == "integer" then value = money.of(value, wanted.currency) end
  if value ~= wanted then fail("expected " .. show(wanted, 1) .. ", got " .. show(value, 1)) end
end

function expectation:is_nil() if self.value ~= nil then fail("expected nil, got " .. show(self.value, 1)) end end
function expectation:is_true() if self.value ~= true then fail("expected true, got " .. show(self.value, 1)) end end
function expectation:is_false() if self.value ~= false then fail("expected false, got " .. show(self.value, 1)) end end

local meta = { __index = expectation, __metatable = false }
local function expect(value) return kernel.setmetatable({ value = value }, meta) end

-- For the other chunks of these words.
kernel.testing = { fail = fail, show = show, same = same }

-- MARK: Driving

local raising = false

---What was asked and refused, raised where a refusal is expected.
local function answered(answer)
  if raising and answer.status >= 400 then
    error({ kind = "reject", code = answer.body.code, field = answer.body.field, message = answer.body.detail, http = answer.status }, 0)
  end
  return answer
end

---Asks as a user would, by method and path: schema, permission, hooks and all. Gives status and body; a refusal's body has
---its code, field and message. Whatever a refused call did is undone.
local function call(method, path, body) return answered(host.call(method, path, body)) end

---Posts a document, as the test's user: its declared move that posts, with hooks and permission.
local function post(doc, note) return doc:post(note) end
---Voids a posted document.
local function void(doc, note) return doc:void(note) end

---Runs the function and wants it to be refused with these members: code, field, http.
local function expect_reject(wanted)
  return function(body)
    raising = true
    local ok, refusal = pcall(body)
    raising = false
    if ok then fail("expected to be refused with " .. show(wanted, 1) .. ", and was not") end
    if type(refusal) ~= "table" or refusal.code == nil then error(refusal, 0) end
    for key, value in pairs(wanted) do
      local got = refusal[key]
      if key == "http" then got = refusal.http or refusal.status end
      if got ~= value then
        fail("expected to be refused with " .. key .. " " .. show(value, 1) .. ", got " .. show(got, 1) .. ": "
          .. tostring(refusal.message))
      end
    end
  end
end

local given = {
  ---Makes a record whoever may, and gives it back as it is stored.
  record = function(type_name, values) return record.get(type_name, host.record(type_name, values or {})) end,
}

---The records of fixtures/NAME.json of the plugin: { "shop.item": [ {…}, … ] }, made in the file's order. Gives them by type.
local function fixture(name)
  local made = {}
  for _, group in ipairs(host.fixture(name)) do
    made[group.type] = {}
    for index, values in ipairs(group.rows) do made[group.type][index] = given.record(group.type, values) end
  end
  return made
end

local clock = {
  ---Sets date ("2026-02-28", nine o'clock) or instant.
  at = function(text) host.clock_at(text) end,
  ---Goes on by { days =, hours =, minutes =, months = }.
  advance = function(span) host.clock_advance(span) end,
}

---From here on somebody with this role asks; or with { permissions = { … }, roles = { … }, branches = { codes } }.
local function as_user(who) host.as_user(who) end
---The branch with this code, made where it is not there.
local function in_branch(code, values) return branch.get(host.branch(code, values or {})) end
---The till with this code at the branch of the last in_branch, else of the first branch; made where it is not there.
local function on_till(code) return host.till(code) end
---Settings of the plugin under test.
local function with_settings(values) for key, value in pairs(values) do host.setting(key, value) end end

-- MARK: The ledger

local function account_of(line) return line.account or line[1] end

local function amount_of(value)
  if value == nil or kernel.kind(value) == "money" then return value end
  return money.parse(value)
end

local function is_line(got, wanted)
  return got.account == account_of(wanted) and got.debit == amount_of(wanted.debit) and got.credit == amount_of(wanted.credit)
end

local function is_entry(entry, wanted)
  if #entry.lines ~= #wanted then return false end
  local taken = {}
  for _, line in ipairs(wanted) do
    local found
    for index, got in ipairs(entry.lines) do
      if not found and not taken[index] and is_line(got, line) then found = index end
    end
    if not found then return false end
    taken[found] = true
  end
  return true
end

---Wants an entry with exactly these lines among those posted in this test: { account, debit = or credit = }, in any order.
local function expect_entry(lines)
  local entries = host.entries()
  for _, entry in ipairs(entries) do if is_entry(entry, lines) then return entry end end
  local got = {}
  for _, entry in ipairs(entries) do
    for _, line in ipairs(entry.lines) do
      got[#got + 1] = line.account .. (line.debit and " debit " .. line.debit:format() or " credit " .. line.credit:format())
    end
    got[#got + 1] = "--"
  end
  fail("no entry with these lines was posted; posted were: " .. (#got > 0 and table.concat(got, ", ") or "none"))
end

---Wants debits to equal credits in the whole book.
local function expect_balanced()
  if not host.balanced() then fail("the book does not balance") end
end

-- MARK: Tables and generated cases

---One test for each { name, given =, expect = }: `run(given)` must give every field of expect.
local function cases(list)
  if type(list.run) ~= "function" then error("cases needs run = function(given)", 2) end
  for index, case in ipairs(list) do
    it(case[1] or case.name or tostring(index), function()
      local got = list.run(case.given)
      if type(case.expect) ~= "table" then
        expect(got):equals(case.expect)
        return
      end
      for field, wanted in pairs(case.expect) do
        local value = type(got) == "table" and got[field]
        if kernel.kind(value) and type(wanted) == "string" then
          if kernel.kind(value) == "money" then expect(value):money(wanted) else expect(tostring(value)):equals(wanted) end
        elseif not same(value, wanted) then
          fail(field .. ": expected " .. show(wanted, 1) .. ", got " .. show(value, 1))
        end
      end
    end)
  end
end

local gen = {
  integer = function(least, most) return function() return math.random(least or 0, most or 1000000) end end,
  ---Money from 0 to `most`, small amounts as often as large ones.
  amount = function(most)
    return function()
      local limit = money.parse(most or "1000000.00").minor
      return money.of(math.random(0, math.max(1, limit >> math.random(0, 20))))
    end
  end,
  decimal = function(least, most, places)
    return function()
      local scale = 10 ^ (places or 2) // 1
      return decimal.new(math.random(least * scale // 1 | 0, most * scale // 1 | 0)):div(decimal.new(scale | 0), places or 2, "half_up")
    end
  end,
  date = function(from, to)
    return function() return date.add(from, { days = math.random(0, date.diff(from, to)) }) end
  end,
  one_of = function(list) return function() return list[math.random(#list)] end end,
  list = function(element, most)
    return function()
      local all = {}
      for index = 1, math.random(0, most or 10) do all[index] = element() end
      return all
    end
  end,
}

---A law: 100 generated cases; a failure tells the case.
local function property(name, ...)
  local makers = { ... }
  local body = table.remove(makers)
  it(name, function()
    for round = 1, 100 do
      local values = {}
      for index, make in ipairs(makers) do values[index] = make() end
      local ok, problem = pcall(body, table.unpack(values, 1, #makers))
      if not ok then
        local message = type(problem) == "table" and problem.message or tostring(problem)
        local shown = {}
        for index = 1, #makers do shown[index] = show(values[index], 1) end
        fail("case " .. round .. " (" .. table.concat(shown, ", ") .. "): " .. message)
      end
    end
  end)
end

local random = { seed = function(number) math.randomseed(number) end }

for name, value in pairs {
  describe = describe, it = it, pending = pending, before_each = before_each, after_each = after_each, cases = cases,
  property = property, expect = expect, expect_reject = expect_reject, expect_entry = expect_entry,
  expect_balanced = expect_balanced, call = call, post = post, void = void, fixture = fixture, as_user = as_user,
  in_branch = in_branch, on_till = on_till, with_settings = with_settings,
} do kernel.global(name, value) end
kernel.global("given", given)
kernel.global("clock", clock)
kernel.global("gen", gen)
kernel.global("random", random)

-- MARK: Running

kernel.invoker("tests", function()
  local list = {}
  for index, test in ipairs(tests) do list[index] = { name = test.name, place = test.place, pending = test.pending or false } end
  return list
end)

kernel.invoker("test", function(_, index)
  local test = tests[index]
  for _, scope in ipairs(test.around) do for _, body in ipairs(scope.before) do body() end end
  test.body()
  for depth = #test.around, 1, -1 do for _, body in ipairs(test.around[depth].after) do body() end end
  kernel.testing.finish()
end)
