-- money and decimal: exact amounts and numbers.
local kernel = ...
local core, exact = kernel.money, kernel.decimal
local facts = kernel.host.tenant.facts

-- MARK: money

local currency, exponent

---Code and exponent of a currency; of the tenant's own when none is named.
local function resolve(code)
  if not currency then
    local own = facts()
    currency, exponent = own.currency, own.currency_exponent
  end
  if code == nil or code == currency then return currency, exponent end
  return code, kernel.host.money.exponent(code)
end

local money = {}

---An amount from minor units.
function money.of(minor, code) return core.new(minor, resolve(code)) end

---An amount from text such as "10.00", exactly.
function money.parse(text, code) return core.parse(text, resolve(code)) end

---An amount from a decimal, rounded as `mode` says.
function money.from_decimal(number, code, mode)
  local name, places = resolve(code)
  return core.from_decimal(number, name, places, mode)
end

money.is = core.is

kernel.global("money", kernel.setmetatable({}, {
  __index = money,
  __newindex = function(_, key) error("money." .. tostring(key) .. " cannot be set", 2) end,
  __call = function(_, text, code) return money.parse(text, code) end,
  __metatable = false,
}))

kernel.register("money", {
  __index = {
    add = core.add, sub = core.sub, mul = core.mul, split = core.split, allocate = core.allocate,
    format = core.format, to_decimal = core.to_decimal,
    compare = core.compare,
    is_negative = function(m) return m.minor < 0 end,
    is_zero = function(m) return m.minor == 0 end,
    is_positive = function(m) return m.minor > 0 end,
    negated = core.neg,
  },
})

-- MARK: decimal

kernel.global("decimal", { new = exact.new, is = exact.is })

kernel.register("decimal", {
  __index = {
    add = exact.add, sub = exact.sub, mul = exact.mul, div = exact.div, round = exact.round, floor = exact.floor,
    integer = exact.integer, compare = exact.compare, format = exact.format, negated = exact.neg,
  },
})
