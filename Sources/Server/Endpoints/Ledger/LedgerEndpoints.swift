import Platform

/// `/api/ledger`: the books.
enum LedgerEndpoints {
    static let all: [Endpoint] =
        AccountEndpoints.all + EntryEndpoints.all + HoldEndpoints.all + BalanceEndpoints.all + PeriodEndpoints.all
        + YearEndEndpoints.all + ReconciliationEndpoints.all + ProofEndpoints.all
}
