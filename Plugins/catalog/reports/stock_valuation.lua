-- What the goods on hand have cost, branch by branch, those that are put aside included.
return {
  id = "stock_valuation", title = "Value of the stock", permission = "catalog.view",
  params = {
    { "branch", "ref", to = "branch", title = "Branch", description = "Of this branch only." },
  },
  -- Quantities are stored in thousandths; half a minor unit is rounded up.
  sql = [[
    SELECT p.sku, p.name, l.branch_id, l.quantity + l.reserved, p.cost_minor,
      ((l.quantity + l.reserved) * p.cost_minor + 500) / 1000
    FROM catalog_stock_levels l JOIN catalog_products p ON p.id = l.product_id
    WHERE l.quantity + l.reserved <> 0 AND (:branch IS NULL OR l.branch_id = :branch)
    ORDER BY p.sku, l.branch_id
  ]],
  columns = {
    { "sku", "text", title = "SKU" }, { "name", "text", title = "Product" }, { "branch", "ref", to = "branch", title = "Branch" },
    { "quantity", "decimal", places = 3, title = "On hand" }, { "cost", "money", title = "Cost of one" },
    { "value", "money", title = "Value" },
  },
  cache = 60,
}
