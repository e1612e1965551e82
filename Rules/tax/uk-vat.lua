-- United Kingdom: VAT on prices that include it, standard and reduced rate.
return {
  contract = "tax",
  id = "uk.vat",
  title = "United Kingdom, VAT",
  country = "GB",
  prices = "inclusive",
  round = "document_half_up",
  components = {
    { "VAT", rate = "0.20", base = { "net" }, from = "2011-01-04", account = "2100", recoverable = true,
      categories = { "standard" } },
    { "VAT", rate = "0.05", base = { "net" }, from = "1997-09-01", account = "2100", recoverable = true,
      categories = { "reduced" } },
  },
  taxed = { "standard", "reduced" },
  -- standard, reduced, zero or exempt
  classify = function(line) return line.product.tax_category end,
}
