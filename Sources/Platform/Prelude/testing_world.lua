-- The words of tests for the world outside and the work that is done later: stubs, fakes, jobs, and what left the house.
local kernel = ...
local host = kernel.host.testing
local fail, show, same = kernel.testing.fail, kernel.testing.show, kernel.testing.same

-- MARK: The world outside

---What `http.request` gets from whom: match is "POST https://api.example.com/v1/*", or a URL for every method; reply is
---{ status =, headers =, body = or json = }, or { error = "http.timeout", message = } for nobody who answers.
---Of several that fit, the last one holds.
local function stub(options)
  if type(options) ~= "table" or type(options.match) ~= "string" or type(options.reply) ~= "table" then
    error("http.stub takes { match = \"GET https://…\", reply = { … } }", 2)
  end
  host.stub(options.match, options.reply)
end

kernel.global("http", { request = http.request, send = http.send, stub = stub })

---Gives the plugin's secret a value for this test; the business's own are never seen here.
local function stub_secret(name, value) host.secret(name, value) end

kernel.global("secret", { header = kernel.host.secret.header, sign = kernel.host.secret.sign, stub = stub_secret })

-- MARK: What left

local kinds = { http = true, mail = true, message = true, print = true }
local texts = { text = true, html = true, subject = true, body = true }

local function holds(name, got, wanted)
  local kind = kernel.kind(wanted)
  -- What leaves is JSON: amounts in minor units, exact numbers as text.
  if kind == "money" and math.type(got) == "integer" then return got == wanted.minor end
  if kind == "decimal" and type(got) == "string" then return got == tostring(wanted) end
  if texts[name] and type(got) == "string" and type(wanted) == "string" then return got:find(wanted, 1, true) ~= nil end
  if not kind and type(got) == "table" and type(wanted) == "table" then
    for key, value in pairs(wanted) do if not holds(key, got[key], value) then return false end end
    return true
  end
  return same(got, wanted)
end

local function differences(effect, wanted)
  local list = {}
  for name, value in pairs(wanted) do
    if not holds(name, effect[name], value) then
      local word = texts[name] and type(value) == "string" and "expected a text with " or "expected "
      list[#list + 1] = name .. ": " .. word .. show(value, 1) .. ", got " .. show(effect[name], 1)
    end
  end
  return list
end

local function line(effect)
  return effect.kind .. " " .. (effect.method and effect.method .. " " .. effect.url or effect.to or effect.target)
end

---Wants an effect of this kind ("http", "mail", "message" or "print") whose named members are these: to, template, params, url,
---method, json, till, key, … are the same, of text, html, subject and body it is a part. Gives the effect.
local function expect_effect(wanted)
  if type(wanted) ~= "table" or not kinds[wanted.kind] then
    error('expect_effect takes { kind = "http", "mail", "message" or "print", … }', 2)
  end
  local effects = host.effects()
  local nearest, least
  for _, effect in ipairs(effects) do
    if effect.kind == wanted.kind then
      local list = differences(effect, wanted)
      if #list == 0 then return effect end
      if not least or #list < #least then nearest, least = effect, list end
    end
  end
  local all = {}
  for _, effect in ipairs(effects) do all[#all + 1] = line(effect) end
  local sent = #all > 0 and "sent were: " .. table.concat(all, ", ") or "nothing was sent"
  if not nearest then fail("no " .. wanted.kind .. " was sent; " .. sent) end
  fail("no " .. wanted.kind .. " is as expected; of " .. line(nearest) .. " " .. table.concat(least, "; ") .. "; " .. sent)
end

---Wants that nothing was sent in this test.
local function expect_no_effects()
  local effects = host.effects()
  if #effects == 0 then return end
  local all = {}
  for _, effect in ipairs(effects) do all[#all + 1] = line(effect) end
  fail("expected nothing to be sent; sent were: " .. table.concat(all, ", "))
end

local printer = {}

---What was sent to printers since it was made: { text = or base64 =, till =, branch =, key = } each.
function printer:printed()
  local list = {}
  for _, effect in ipairs(host.effects()) do
    if effect.kind == "print" and effect.id > self.after then list[#list + 1] = effect end
  end
  return list
end

local printer_meta = { __index = printer, __metatable = false }

kernel.global("device", {
  ---A device that takes what is sent and tells it; there is "printer".
  fake = function(name)
    if name ~= "printer" then error('device.fake: there is "printer" to fake, not ' .. show(name, 1), 2) end
    local after = 0
    for _, effect in ipairs(host.effects()) do if effect.id > after then after = effect.id end end
    return kernel.setmetatable({ after = after }, printer_meta)
  end,
})

-- MARK: Work for later

---Runs a job of the plugin with all its steps, `fetch` included, by the test's clock; raises where a step fails. Gives the job
---as it is afterwards: state, steps, done, total, log.
local function run_job(id, args) return host.run_job(id, args) end

---Does all that is due by the test's clock: hooks after commit, queued jobs, schedules whose time came since the clock was
---set. Raises where something failed; gives what was done: job, state, error.
local function run_due()
  local list = host.run_due()
  for _, item in ipairs(list) do
    if item.error then
      error({ kind = "host", code = "job.failed", status = 422, message = item.job .. ": " .. item.error }, 0)
    end
  end
  return list
end

for name, value in pairs {
  expect_effect = expect_effect, expect_no_effects = expect_no_effects, run_job = run_job, run_due = run_due,
} do kernel.global(name, value) end
