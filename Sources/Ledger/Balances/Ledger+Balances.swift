import Core
import Storage

extension Ledger {
    private static let selectSubaccountBalances = SQL(
        """
        WITH RECURSIVE below (id) AS (
          SELECT id FROM ledger_accounts WHERE parent_id = ?1
          UNION ALL SELECT a.id FROM below JOIN ledger_accounts a ON a.parent_id = below.id
        )
        SELECT b.posted_debits_minor, b.posted_credits_minor, b.pending_debits_minor, b.pending_credits_minor
        FROM below JOIN ledger_balances b ON b.account_id = below.id
        """)
    private static let selectSubaccountIDs = SQL(
        """
        WITH RECURSIVE below (id) AS (
          SELECT id FROM ledger_accounts WHERE parent_id = ?1
          UNION ALL SELECT a.id FROM below JOIN ledger_accounts a ON a.parent_id = below.id
        )
        SELECT id FROM below
        """)

    /// The balance now: one row, however many lines the account has. Sub-accounts are not in it.
    package func balance(_ reference: AccountReference) throws -> AccountBalance {
        let slot = try slot(reading: reference)
        let balance = slot.balance
        return AccountBalance(
            account: slot.account, debits: balance.postedDebits, credits: balance.postedCredits,
            pendingDebits: balance.pendingDebits, pendingCredits: balance.pendingCredits, version: balance.version,
            knownAs: try lastEntry())
    }

    /// The balance now with that of all sub-accounts, one row each: what a control account stands at.
    /// - Throws: `.amountOverflow` when they come to more than 64 bits together.
    package func rolledUpBalance(_ reference: AccountReference) throws -> AccountBalance {
        let own = try balance(reference)
        var posted = Movement(debits: own.debits, credits: own.credits)
        var pending = Movement(debits: own.pendingDebits, credits: own.pendingCredits)
        try db.each(Self.selectSubaccountBalances, own.account.id) { row in
            try posted.add(Movement(debits: row.int(0), credits: row.int(1)), of: own.account.code)
            try pending.add(Movement(debits: row.int(2), credits: row.int(3)), of: own.account.code)
            return true
        }
        return AccountBalance(
            account: own.account, debits: posted.debits, credits: posted.credits, pendingDebits: pending.debits,
            pendingCredits: pending.credits, version: own.account.isControl ? 0 : own.version, knownAs: own.knownAs)
    }

    /// The balance at the end of a day, as it was known at some point. For a fixed pair in the past the answer never
    /// changes.
    ///
    /// - Parameter date: nil for all days, those to come too.
    /// - Parameter rollUp: adds all sub-accounts.
    /// Cost: a look-up for each day since the last locked month; with a point in the past, the lines recorded since.
    package func balance(
        _ reference: AccountReference, asOf date: CalendarDate?, knownAt: KnownAt = .now, rollUp: Bool = false
    ) throws -> AccountBalance {
        let account = try slot(reading: reference).account
        let (limit, last) = try known(knownAt)
        var sums = try movement(of: account.id, through: date, known: limit)
        if rollUp {
            let below = Set(try db.query(Self.selectSubaccountIDs, account.id) { $0.int(0) })
            if !below.isEmpty {
                for row in try movements(through: date, known: limit) where below.contains(row.account) {
                    try sums.add(row.sums, of: account.code)
                }
            }
        }
        return AccountBalance(
            account: account, debits: sums.debits, credits: sums.credits, pendingDebits: 0, pendingCredits: 0, version: 0,
            knownAs: last)
    }

    // MARK: Trial balance

    private static let selectAllAccounts = SQL("SELECT \(AccountRows.columns) FROM ledger_accounts a ORDER BY a.id")

    func accountsByID() throws -> [Int64: Account] {
        var accounts: [Int64: Account] = [:]
        try db.each(Self.selectAllAccounts) { row in
            let account = try AccountRows.account(row)
            accounts[account.id] = account
            return true
        }
        return accounts
    }

    /// Every account that moved, with its sums: over all days up to the last one, or over the days after `after`.
    package func trialBalance(
        after: CalendarDate? = nil, asOf date: CalendarDate? = nil, knownAt: KnownAt = .now
    ) throws -> TrialBalance {
        let (limit, last) = try known(knownAt)
        let accounts = try accountsByID()
        let rows = try movements(after: after, through: date, known: limit).map { row in
            guard let account = accounts[row.account] else {
                throw LedgerError.damaged("lines name account number \(row.account), which is not there")
            }
            return TrialBalance.Row(account: account, debits: row.sums.debits, credits: row.sums.credits)
        }
        return TrialBalance(rows: rows.sorted { $0.account.code < $1.account.code }, asOf: date, knownAs: last)
    }
}

/// The sums of all accounts over some days.
package struct TrialBalance: Sendable, Equatable {
    package struct Row: Sendable, Equatable {
        package let account: Account
        /// Sums of lines, in minor units.
        package let debits: Int64
        package let credits: Int64

        /// Debits less credits: positive is a debit balance, whatever the account's normal side.
        package var net: Money { Money(minor: debits &- credits, account.currency) }
        /// Positive on the account's normal side.
        package var balance: Money {
            Money(minor: account.normalSide == .debit ? debits &- credits : credits &- debits, account.currency)
        }
    }

    /// In the order of account codes; accounts that never moved are not in it.
    package let rows: [Row]
    package let asOf: CalendarDate?
    package let knownAs: Int64

    package struct Total: Sendable, Equatable {
        package let currency: Currency
        package let debits: Int64
        package let credits: Int64
    }

    /// One for each currency, in the order of their codes. Debits and credits are the same in sound books.
    /// - Throws: `.amountOverflow` when a currency's accounts come to more than 64 bits together.
    package var totals: [Total] {
        get throws(LedgerError) {
            var sums: [Currency: Movement] = [:]
            for row in rows {
                try sums[row.account.currency, default: Movement()]
                    .add(Movement(debits: row.debits, credits: row.credits), of: "all in \(row.account.currency)")
            }
            return sums.sorted { $0.key.code < $1.key.code }.map {
                Total(currency: $0.key, debits: $0.value.debits, credits: $0.value.credits)
            }
        }
    }

    package var isBalanced: Bool { get throws { try totals.allSatisfy { $0.debits == $0.credits } } }
}
