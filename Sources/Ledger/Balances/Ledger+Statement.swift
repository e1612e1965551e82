import Core
import Storage

/// One line of an account's statement.
package struct StatementLine: Sendable, Equatable {
    package let entry: Int64
    package let line: Int
    package let effectiveOn: CalendarDate
    package let kind: String
    package let source: EntrySource?
    package let memo: String?
    package let side: Side
    package let amount: Money
    /// After this line, positive on the account's normal side.
    package let balance: Money
}

package struct AccountStatement: Sendable, Equatable {
    package let account: Account
    /// Before the first line of this page.
    package let opening: Money
    package let lines: [StatementLine]
    /// After the last line of this page.
    package var closing: Money { lines.last?.balance ?? opening }
    /// Where the next page starts; nil after the last.
    package let next: Cursor?

    /// A place in a statement. The balance up to there is not in it: what comes back from outside is not to be believed.
    package struct Cursor: Sendable, Equatable {
        package let effectiveOn: CalendarDate
        package let entry: Int64
        package let line: Int64

        package init(effectiveOn: CalendarDate, entry: Int64, line: Int64) {
            self.effectiveOn = effectiveOn
            self.entry = entry
            self.line = line
        }
    }
}

extension Ledger {
    private static let selectStatement = SQL(
        """
        SELECT l.entry_id, l.line_number, e.kind, e.source_type, e.source_id, m.memo, l.debit_minor, l.credit_minor
        FROM ledger_lines l CROSS JOIN ledger_entries e ON e.id = l.entry_id
          LEFT JOIN ledger_memos m ON m.entry_id = l.entry_id
        WHERE l.effective_on = ?2 AND l.account_id = ?1 AND (l.entry_id, l.line_number) > (?3, ?4)
        ORDER BY l.entry_id, l.line_number LIMIT ?5
        """)
    private static let sumOfDay = SQL(
        """
        SELECT coalesce(sum(debit_minor) - sum(credit_minor), 0) FROM ledger_lines
        WHERE effective_on = ?2 AND account_id = ?1 AND (entry_id, line_number) <= (?3, ?4)
        """)
    private static let nextDay = SQL(
        "SELECT min(effective_on) FROM ledger_lines WHERE effective_on >= ?1 AND effective_on <= ?2")

    /// The first day in the span that has lines, of whatever account: one look-up.
    private func nextDay(from: String, through: String) throws(StorageError) -> String? {
        try db.text(Self.nextDay, from, through)
    }

    /// The lines of one account in the order of their dates, with the balance after each.
    ///
    /// - Parameter limit: lines a page, 1...1000.
    package func statement(
        _ reference: AccountReference, from: CalendarDate, through: CalendarDate, after: AccountStatement.Cursor? = nil,
        limit: Int = 200
    ) throws -> AccountStatement {
        let account = try account(reference)
        let sign: Int64 = account.normalSide == .debit ? 1 : -1
        let before = try movement(of: account.id, through: (after?.effectiveOn ?? from).adding(days: -1))
        var balance = sign &* (before.debits &- before.credits)
        if let after {
            let earlier = try db.first(Self.sumOfDay, account.id, after.effectiveOn, after.entry, after.line) { $0.int(0) } ?? 0
            balance &+= sign &* earlier
        }
        let opening = Money(minor: balance, account.currency)
        let limit = max(1, min(limit, 1000))
        var lines: [StatementLine] = []
        var position = (entry: after?.entry ?? 0, line: after?.line ?? 0)
        var day = try nextDay(from: (after?.effectiveOn ?? from).description, through: through.description)
        while let current = day, lines.count <= limit {
            let date = try CalendarDate(current)
            if let after, date > after.effectiveOn { position = (0, 0) }
            lines += try db.query(
                Self.selectStatement, account.id, current, position.entry, position.line, limit + 1 - lines.count
            ) { row in
                let (debit, credit) = (row.int(6), row.int(7))
                balance &+= sign &* (debit &- credit)
                return StatementLine(
                    entry: row.int(0), line: Int(row.int(1)), effectiveOn: date, kind: row.text(2),
                    source: row.optionalText(3).map { EntrySource(type: $0, id: row.int(4)) }, memo: row.optionalText(5),
                    side: debit > 0 ? .debit : .credit, amount: Money(minor: debit &+ credit, account.currency),
                    balance: Money(minor: balance, account.currency))
            }
            day = try nextDay(from: date.adding(days: 1).description, through: through.description)
        }
        var next: AccountStatement.Cursor?
        if lines.count > limit {
            lines.removeLast()
            next = lines.last.map {
                AccountStatement.Cursor(effectiveOn: $0.effectiveOn, entry: $0.entry, line: Int64($0.line))
            }
        }
        return AccountStatement(account: account, opening: opening, lines: lines, next: next)
    }
}
