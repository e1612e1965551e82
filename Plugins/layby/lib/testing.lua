-- What the tests of laybys begin with: a branch of a trade, a customer who may, goods with stock.
local stock = require "catalog.lib.stock"

local M = {}

---A shop of a type of business: { place, customer, product } with 20 of the product on the shelf at 100.00 each before tax.
function M.shop(in_branch, given, business_type)
  local shop = { place = in_branch("T-" .. business_type:upper(), { business_type = business_type }) }
  shop.customer = given.record("catalog.customer", {
    name = "Akosua", phone = "+233200000999", email = "akosua@example.com", x_layby_allow_layby = true,
  })
  shop.product = given.record("catalog.product", {
    sku = "T-COAT-" .. business_type, name = "Coat", price = money "100.00", cost = money "60.00", tax_category = "exempt",
  })
  stock.move { product = shop.product.id, branch = shop.place.id, quantity = decimal.new(20), reason = "opening" }
  return shop
end

---The body of a layby of five coats, 500.00 in all.
function M.body(shop, changes)
  local body = {
    businessId = shop.place.id, customerId = shop.customer.id, items = { { productId = shop.product.id, quantity = 5 } },
  }
  for name, value in pairs(changes or {}) do body[name] = value end
  return body
end

return M
