-- The receipt as plain text, 42 columns: what a narrow printer takes.
local width, cut, pad, center = text.width, text.cut, text.pad, text.center
local M = {}

local WIDTH, ONE, HUNDRED = 42, decimal.new("1"), decimal.new("100")

local function row(left, right)
  local room = WIDTH - width(right) - 1
  return pad(cut(left, room), room) .. " " .. right
end

---@param sale table  with lines, taxes and payments
---@param place table the branch
---@return string
function M.text(sale, place)
  local out = {}
  local function add(line) out[#out + 1] = line end
  local header = settings.get("receipt_header")
  if header ~= "" then add(center(header, WIDTH)) end
  add(center(tenant.name, WIDTH))
  add(center(place.name, WIDTH))
  add(row(sale.invoice_number, sale.business_date))
  add(("-"):rep(WIDTH))
  for _, line in ipairs(sale.lines) do
    add(row(line.description, line.total:format()))
    if line.quantity ~= ONE then
      add("  " .. tostring(line.quantity) .. " x " .. line.unit_price:format())
    end
  end
  add(("-"):rep(WIDTH))
  add(row("Subtotal", sale.subtotal:format()))
  for _, tax_line in ipairs(sale.taxes) do
    add(row(tax_line.code .. " " .. tostring(tax_line.rate * HUNDRED) .. "%", tax_line.amount:format()))
  end
  add(row("TOTAL " .. tenant.currency, sale.total:format()))
  for _, payment in ipairs(sale.payments) do add(row(payment.method, payment.tendered:format())) end
  if sale.change.minor > 0 then add(row("Change", sale.change:format())) end
  local footer = settings.get("receipt_footer")
  if footer ~= "" then add(center(footer, WIDTH)) end
  return table.concat(out, "\n") .. "\n"
end

return M
