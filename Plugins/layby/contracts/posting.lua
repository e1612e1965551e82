return {
  id = "layby.posting", title = "Posting of laybys", key = "id", fallback = "layby",
  fields = {
    { "id", "text", required = true },
    { "payment", "function", required = true, takes = { "payment" }, description = "Money that came in, or out of the customer's credit." },
    { "refund", "function", required = true, takes = { "refund" }, description = "Money that goes back." },
    { "late_fee", "function", required = true, takes = { "fee" }, description = "Income of the day on which it is charged." },
    { "completion", "function", required = true, takes = { "completion" }, description = "Revenue, taxes, fees and cost on handing over." },
    { "settlement", "function", required = true, takes = { "settlement" },
      description = "What is kept, credited and paid back when a layby is cancelled or defaulted; reversed when that is taken back." },
  },
}
