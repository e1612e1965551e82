-- What stock that comes or goes other than by a sale is worth, and against which account.
return {
  contract = "catalog.posting",
  id = "stock",
  -- move: reason (opening, receipt or adjustment), value (what came; negative for what went)
  stock = function(move)
    local against = { opening = "3000", receipt = "2000", adjustment = "6000" }
    local account = against[move.reason]
    if move.value:is_negative() then
      return { { account = account, debit = -move.value }, { account = "1200", credit = -move.value } }
    end
    return { { account = "1200", debit = move.value }, { account = account, credit = move.value } }
  end,
}
