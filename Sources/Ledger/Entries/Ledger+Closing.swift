import Core
import Storage

extension Ledger {
    private static let closingLines = NewEntry.maximumLines - 1

    /// Ends a year: what stands on revenue and expense accounts at the end of a day goes to one account of equity, by ordinary
    /// entries of kind `closing` on that day. The next year starts at zero because of them, and nothing is set anywhere.
    ///
    /// Accounts of the equity account's currency only. Once more on the same day takes what came later, or nothing.
    /// - Returns: the entries; none if all these accounts stand at zero. More than one only beyond 4,094 accounts.
    /// - Throws: `.invalid` unless the account is one of equity that takes lines; whatever `post` throws.
    @discardableResult
    package func closeYear(
        through last: CalendarDate, into reference: AccountReference, memo: String? = nil, actor: LedgerActor
    ) throws -> [PostedEntry] {
        let equity = try account(reference)
        guard equity.kind == .equity, !equity.isControl else {
            throw LedgerError.invalid(field: "account", "The result of a year goes to an account of equity; \(equity.code) is none.")
        }
        let rows = try trialBalance(asOf: last).rows.filter {
            ($0.account.kind == .revenue || $0.account.kind == .expense) && $0.account.currency == equity.currency && !$0.net.isZero
        }
        var entries: [PostedEntry] = []
        var rest = rows[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.closingLines)
            rest = rest.dropFirst(Self.closingLines)
            var result: Int64 = 0
            var lines: [NewLine] = []
            for row in part {
                let net = row.net.minor
                let (sum, overflow) = result.addingReportingOverflow(net)
                guard !overflow else { throw LedgerError.amountOverflow(account: equity.code) }
                result = sum
                // An account may hold more than one line can say.
                try Self.split(net.magnitude) { lines.append(NewLine(.id(row.account.id), net > 0 ? .credit : .debit, $0)) }
            }
            try Self.split(result.magnitude) { lines.append(NewLine(.id(equity.id), result > 0 ? .debit : .credit, $0)) }
            entries.append(try post(NewEntry(kind: "closing", effectiveOn: last, actor: actor, lines: lines, memo: memo)))
        }
        return entries
    }

    private static func split(_ amount: UInt64, _ body: (Int64) -> Void) throws {
        var left = amount
        while left > 0 {
            let part = min(left, UInt64(NewLine.maximumAmount))
            body(Int64(part))
            left -= part
        }
    }
}
