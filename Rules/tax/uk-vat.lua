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
  -- standard, reduced, zero or exempt. A line may be a fee: then `line.fee` names it, and the product is what it is about. A fee
  -- for goods is part of their price. Payments that are kept for goods which are never collected carry the goods' tax too
  -- (HMRC, Revenue and Customs Briefs 13 (2018) and 2 (2022)). What is charged for paying late compensates, and is outside. This
  -- reading is ours, for the owner's tax adviser to confirm; another one is a word in the next lines.
  classify = function(line)
    if line.fee == "late" then return "outside" end
    return line.product.tax_category
  end,
}
