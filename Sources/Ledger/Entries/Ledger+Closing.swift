import Core
import Storage

/// What ending a year does, or did.
package struct YearEnd: Sendable, Equatable {
    /// The last month of the year; the entries are of its last day.
    package let month: CalendarMonth
    /// Where the result goes.
    package let equity: Account
    /// The revenue and expense accounts that do not stand at zero, as they stand before.
    package let rows: [TrialBalance.Row]
    /// A profit is positive.
    package let result: Money
    /// None of a preview, and none where nothing was to be done. More than one only beyond 4,094 accounts.
    package internal(set) var entries: [PostedEntry] = []
}

extension Ledger {
    private static let closingLines = NewEntry.maximumLines - 1
    private static let countHoldsThrough = SQL(
        "SELECT count(*) FROM ledger_holds WHERE state IN ('held', 'partly_captured') AND effective_on <= ?1")

    /// Ends a year: what stands on revenue and expense accounts at the end of a month goes to one account of equity, by
    /// ordinary entries of kind `closing` on its last day. The next year starts at zero because of them, and nothing is set
    /// anywhere. The month itself is closed afterwards, or takes named exceptions.
    ///
    /// Accounts of the equity account's currency only. Once more on the same month takes what came later, or nothing.
    /// - Throws: `.invalid` unless the account is one of equity that takes lines; `.periodMissing`; `.periodOpen` while an
    ///   earlier month is open; `.periodHasHolds`; whatever `post` throws.
    @discardableResult
    package func closeYear(
        through month: CalendarMonth, into reference: AccountReference, memo: String? = nil, actor: LedgerActor
    ) throws -> YearEnd {
        var (end, entries) = try yearEnd(month, into: reference, memo: memo, actor: actor)
        end.entries = try entries.map { try post($0) }
        return end
    }

    /// What `closeYear` would do, with the same refusals, and nothing written.
    package func previewYearEnd(
        through month: CalendarMonth, into reference: AccountReference, actor: LedgerActor
    ) throws -> YearEnd {
        let (end, entries) = try yearEnd(month, into: reference, memo: nil, actor: actor)
        for entry in entries { _ = try preview(entry) }
        return end
    }

    private func yearEnd(
        _ month: CalendarMonth, into reference: AccountReference, memo: String?, actor: LedgerActor
    ) throws -> (YearEnd, [NewEntry]) {
        let equity = try account(reference)
        guard equity.kind == .equity, !equity.isControl else {
            throw LedgerError.invalid(field: "account", "The result of a year goes to an account of equity; \(equity.code) is none.")
        }
        let periods = try periods()
        guard periods.contains(where: { $0.month == month }) else { throw LedgerError.periodMissing(month.firstDay) }
        if let open = periods.first(where: { $0.month < month && $0.state == .open }) {
            throw LedgerError.periodOpen(month, earlier: open.month)
        }
        let holds = try db.integer(Self.countHoldsThrough, month.lastDay)
        guard holds == 0 else { throw LedgerError.periodHasHolds(month, count: Int(holds)) }

        let rows = try trialBalance(asOf: month.lastDay).rows.filter {
            ($0.account.kind == .revenue || $0.account.kind == .expense) && $0.account.currency == equity.currency && !$0.net.isZero
        }
        var total: Int64 = 0
        var entries: [NewEntry] = []
        var rest = rows[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.closingLines)
            rest = rest.dropFirst(Self.closingLines)
            var result: Int64 = 0
            var lines: [NewLine] = []
            for row in part {
                let net = row.net.minor
                result = try Self.sum(result, net, of: equity)
                // An account may hold more than one line can say.
                Self.split(net.magnitude) { lines.append(NewLine(.id(row.account.id), net > 0 ? .credit : .debit, $0)) }
            }
            Self.split(result.magnitude) { lines.append(NewLine(.id(equity.id), result > 0 ? .debit : .credit, $0)) }
            total = try Self.sum(total, result, of: equity)
            entries.append(NewEntry(kind: "closing", effectiveOn: month.lastDay, actor: actor, lines: lines, memo: memo))
        }
        guard total != .min else { throw LedgerError.amountOverflow(account: equity.code) }
        return (YearEnd(month: month, equity: equity, rows: rows, result: Money(minor: -total, equity.currency)), entries)
    }

    private static func sum(_ a: Int64, _ b: Int64, of account: Account) throws(LedgerError) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        guard !overflow else { throw LedgerError.amountOverflow(account: account.code) }
        return sum
    }

    private static func split(_ amount: UInt64, _ body: (Int64) -> Void) {
        var left = amount
        while left > 0 {
            let part = min(left, UInt64(NewLine.maximumAmount))
            body(Int64(part))
            left -= part
        }
    }
}
