local stock = require "catalog.lib.stock"

return {
  method = "POST", path = "/api/stock-movements", permission = "catalog.stock.move", status = 201,
  summary = "Receive, adjust or open stock at a branch",
  input = {
    { "branch", "text", required = true, max = 32, description = "The branch's code." },
    { "sku", "text", required = true, max = 64 },
    { "quantity", "decimal", required = true, description = "Signed: more on hand, or less." },
    { "reason", "enum", values = { "opening", "receipt", "adjustment" }, required = true },
    { "note", "text", max = 500 },
  },
  output = {
    { "sku", "text" }, { "branch", "text" }, { "quantity", "decimal" }, { "on_hand", "decimal" },
  },
  run = function(req)
    local input = req.body
    local place = branch.find(input.branch)
    if not place then reject { code = "catalog.branch_unknown", field = "branch", http = 422,
      message = "There is no branch “" .. input.branch .. "”." } end
    local product = record.find("catalog.product", { sku = input.sku })
    if not product then reject { code = "catalog.sku_unknown", field = "sku", http = 422,
      message = "There is no product with the sku “" .. input.sku .. "”." } end
    local on_hand, before = stock.move {
      product = product.id, branch = place.id, quantity = input.quantity, reason = input.reason, note = input.note,
    }
    if not on_hand then reject { code = "catalog.out_of_stock", field = "quantity", http = 409,
      message = "Only " .. tostring(before) .. " of “" .. product.sku .. "” is on hand at " .. place.code .. "." } end
    local value = product.cost:mul(input.quantity, "half_up")
    if value.minor ~= 0 then
      ledger.post {
        kind = "stock", memo = "Stock " .. input.reason .. ": " .. tostring(input.quantity) .. " of " .. product.sku,
        dimensions = { branch = place.id },
        lines = rules.get("catalog.posting").stock { reason = input.reason, value = value },
      }
    end
    return { sku = product.sku, branch = place.code, quantity = input.quantity, on_hand = on_hand }
  end,
}
