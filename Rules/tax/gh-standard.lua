-- Ghana: the standard scheme.
-- Until 31 December 2025 (Act 870, COVID levy from 1 May 2021) the levies come first and VAT stands on net and levies:
-- 21.9 % together. From 1 January 2026 (Act 1151) there is no COVID levy and all three stand on the net value: 20 %.
-- A new rate or base is a new row with its dates; the rate follows the tax point of the document.
return {
  contract = "tax",
  id = "gh.standard",
  title = "Ghana, standard scheme",
  country = "GH",
  prices = "exclusive",
  round = "document_half_up",
  components = {
    { "NHIL",    rate = "0.025", base = { "net" }, from = "2018-08-01", to = "2025-12-31", account = "2110" },
    { "NHIL",    rate = "0.025", base = { "net" }, from = "2026-01-01", account = "2110", recoverable = true },
    { "GETFUND", rate = "0.025", base = { "net" }, from = "2018-08-01", to = "2025-12-31", account = "2120" },
    { "GETFUND", rate = "0.025", base = { "net" }, from = "2026-01-01", account = "2120", recoverable = true },
    { "COVID",   rate = "0.01",  base = { "net" }, from = "2021-05-01", to = "2025-12-31", account = "2130" },
    { "VAT",     rate = "0.15",  base = { "net", "NHIL", "GETFUND", "COVID" },
      from = "2021-05-01", to = "2025-12-31", account = "2100", recoverable = true },
    { "VAT",     rate = "0.15",  base = { "net" }, from = "2026-01-01", account = "2100", recoverable = true },
  },
  -- What the components above apply to; the other categories carry no tax.
  taxed = { "standard" },
  -- standard, zero, exempt or relief. A line may be a fee: then `line.fee` names it, and the product is what it is about. Fees
  -- are part of what is paid for the goods, and what is kept when these are never handed over is paid for the supply that was
  -- agreed: both follow the goods. What is charged for paying late makes good a loss, and nothing is supplied for it: it is
  -- outside. This reading is ours, for the owner's tax adviser to confirm; another one is a word in the next lines.
  classify = function(line)
    if line.fee == "late" then return "outside" end
    return line.product.tax_category
  end,
}
