-- How customers pay, and which account each method goes to. Change is given only from methods that say so.
return {
  contract = "pos.payments",
  id = "standard",
  methods = {
    { name = "Cash",         account = "1000", gives_change = true },
    { name = "Card",         account = "1010" },
    { name = "Bank",         account = "1010" },
    { name = "Mobile Money", account = "1020" },
  },
}
