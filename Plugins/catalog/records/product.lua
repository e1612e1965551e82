return {
  type = "catalog.product", title = "Product", path = "products",
  fields = {
    { "sku", "text", required = true, unique = true, max = 64, description = "The shop's own number for it." },
    { "name", "text", required = true, max = 200 },
    { "price", "money", required = true, min = 0, description = "For one unit, with or without tax as the tax profile says." },
    { "cost", "money", default = 0, min = 0, description = "What one unit cost, without recoverable tax." },
    { "tax_category", "enum", values = { "standard", "reduced", "zero", "exempt", "relief" }, default = "standard" },
    { "barcode", "text", max = 64, index = true },
    { "stocked", "boolean", default = true, description = "False for services, which have no quantity on hand." },
    { "active", "boolean", default = true },
  },
  permissions = { read = "catalog.view", write = "catalog.edit" },
  views = { list = { "sku", "name", "price", "tax_category", "active" } },
}
