import Core
import Storage

extension Ledger {
    private static let selectSums = SQL(
        """
        SELECT a.currency, sum(b.posted_debits_minor - b.posted_credits_minor), sum(b.pending_debits_minor - b.pending_credits_minor)
          FROM ledger_balances b JOIN ledger_accounts a ON a.id = b.account_id GROUP BY a.currency ORDER BY a.currency
        """)
    private static let selectNewest = SQL(
        """
        SELECT l.entry_id, a.currency, sum(l.debit_minor) - sum(l.credit_minor)
          FROM ledger_lines l JOIN ledger_accounts a ON a.id = l.account_id
          WHERE l.entry_id > (SELECT coalesce(max(id), 0) FROM ledger_entries) - ?1
          GROUP BY l.entry_id, a.currency HAVING sum(l.debit_minor) <> sum(l.credit_minor) LIMIT 20
        """)

    /// A quick look whether the book adds up to nothing, as it must: the balances by currency, and each of the newest entries.
    /// Costs a row per account; `verify` is the thorough one.
    /// - Parameter newest: how many entries to look at.
    /// - Returns: what does not, in words; empty when all does.
    package func unbalancedSums(newest: Int64 = 1_000) throws -> [String] {
        let sums = try db.query(Self.selectSums) { ($0.text(0), $0.int(1), $0.int(2)) }
        let entries = try db.query(Self.selectNewest, newest) { "entry \($0.int(0)) is off by \($0.int(2)) in \($0.text(1))" }
        return sums.compactMap { currency, posted, pending in
            posted == 0 && pending == 0 ? nil : "the balances in \(currency) are off by \(posted) posted and \(pending) held"
        } + entries
    }
}
