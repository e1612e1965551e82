import Core
import Storage

/// Compares the tables that are made from entries and events with what `Replay` made of them.
struct Comparison {
    let db: Connection
    let replay: Replay

    func run() throws {
        try compareAccounts()
        try compareBalances()
        try compareDays()
        try compareTexts()
        try compareHolds()
        try comparePeriods()
        try compareSeries()
        try compareReconciliation()
    }

    // MARK: Rows in general

    /// A table whose rows are few: every column of every row.
    ///
    /// - Parameters:
    ///   - columns: with the key first, as many as `keyCount`.
    ///   - expected: rows of these columns.
    func compare(
        _ kind: VerifyProblem.Kind, _ table: String, _ columns: [String], keyCount: Int, _ expected: [[Value]]
    ) throws {
        func key(_ row: [Value]) -> String { row.prefix(keyCount).map(\.description).joined(separator: " ") }
        var left: [String: [Value]] = [:]
        for row in expected { left[key(row)] = row }
        let select = SQL("SELECT \(columns.joined(separator: ", ")) FROM \(table)")
        try db.each(select) { row in
            let found = (0..<Int32(columns.count)).map { row.value($0) }
            let place = "\(table) \(key(found))"
            guard let wanted = left.removeValue(forKey: key(found)) else {
                replay.problem(kind, place, "Nothing in the chain made this row.")
                return true
            }
            for (index, column) in columns.enumerated() where found[index] != wanted[index] {
                replay.problem(kind, place, "\(column) is \(found[index]), and should be \(wanted[index]).")
            }
            return true
        }
        for missing in left.keys.sorted() { replay.problem(kind, "\(table) \(missing)", "The row is missing.") }
    }

    // MARK: Accounts, balances, days

    private func compareAccounts() throws {
        let expected = replay.slots.values.map { slot -> [Value] in
            let account = slot.account
            return [
                .int(account.id), .string(account.code), .string(account.kind.rawValue),
                .string(account.normalSide.rawValue), .string(account.currency.code), .int(Int64(account.currency.exponent)),
                .of(account.parentID), .int(account.isControl ? 1 : 0), .of(account.limit.overdraftMinor),
                .string(account.state.rawValue), .of(account.openedOn?.description),
            ]
        }
        replay.report.accounts = Int64(expected.count)
        try compare(
            .account, "ledger_accounts",
            [
                "id", "code", "kind", "normal_side", "currency", "exponent", "parent_id", "is_control", "overdraft_minor",
                "state", "opened_on",
            ], keyCount: 1, expected)
    }

    private static let selectBalances = SQL(
        """
        SELECT account_id, posted_debits_minor, posted_credits_minor, pending_debits_minor, pending_credits_minor, version,
          last_entry_id FROM ledger_balances
        """)

    private func compareBalances() throws {
        var left = replay.slots
        try db.each(Self.selectBalances) { row in
            let id = row.int(0)
            let found = AccountRows.balance(row, from: 1)
            guard let slot = left.removeValue(forKey: id) else {
                replay.problem(.balance, "ledger_balances \(id)", "There is no such account.")
                return true
            }
            if found != slot.balance {
                replay.problem(
                    .balance, "ledger_balances \(id) (\(slot.account.code))",
                    "It holds \(found.summary), and the lines and holds make \(slot.balance.summary).", account: id)
            }
            return true
        }
        for (id, slot) in left.sorted(by: { $0.key < $1.key }) {
            replay.problem(.balance, "ledger_balances \(id) (\(slot.account.code))", "The row is missing.", account: id)
        }
    }

    private static let selectDays = SQL("SELECT effective_on, account_id, debit_minor, credit_minor FROM ledger_days")

    private func compareDays() throws {
        var left = replay.days
        try db.each(Self.selectDays) { row in
            let key = Replay.DayKey(day: row.text(0), account: row.int(1))
            let found = Movement(debits: row.int(2), credits: row.int(3))
            let wanted = left.removeValue(forKey: key)
            if found != wanted {
                replay.problem(
                    .day, "ledger_days \(key.day) \(key.account)",
                    "It holds \(found.summary), and the lines make \(wanted?.summary ?? "nothing").")
            }
            return true
        }
        for key in left.keys.sorted(by: { ($0.day, $0.account) < ($1.day, $1.account) }) {
            replay.problem(.day, "ledger_days \(key.day) \(key.account)", "The row is missing.")
        }
    }

    // MARK: Memos and names

    private static let selectNames = SQL("SELECT id, code, name, name_salt FROM ledger_accounts")
    private static let selectStrayMemos = SQL(
        "SELECT entry_id FROM ledger_memos WHERE entry_id NOT IN (SELECT id FROM ledger_entries)")

    private func compareTexts() throws {
        for entry in replay.missingMemos.subtracting(replay.erasedMemos).sorted() {
            replay.problem(.text, "ledger_memos \(entry)", "The memo is missing, and nobody erased it.")
        }
        for entry in try db.query(Self.selectStrayMemos, row: { $0.int(0) }) {
            replay.problem(.text, "ledger_memos \(entry)", "There is no such entry.")
        }
        try db.each(Self.selectNames) { row in
            guard let digest = replay.nameDigests[row.int(0)] else { return true }
            let salt = row.optionalBytes(3)
            let isRight =
                if let digest {
                    salt.map { Digest.hex(Leaf.privateText(row.text(2), salt: $0)) } == digest
                } else {
                    salt == nil && row.text(2) == row.text(1)
                }
            if !isRight {
                replay.problem(.text, "ledger_accounts \(row.int(0))", "Its name is not the one that it was given.")
            }
            return true
        }
    }

    // MARK: Holds

    private func compareHolds() throws {
        try compare(
            .hold, "ledger_holds", ["id", "kind", "state", "effective_on", "expires_at", "source_type", "source_id"],
            keyCount: 1,
            replay.holds.map { id, hold in
                [
                    .int(id), .string(hold.kind), .string(hold.state.rawValue), .string(hold.effectiveOn),
                    .of(hold.expiresAt), .of(hold.sourceType), .of(hold.sourceID),
                ]
            })
        try compare(
            .hold, "ledger_hold_lines",
            [
                "hold_id", "line_number", "account_id", "debit_minor", "credit_minor", "captured_minor", "released_minor",
                "branch_id", "dimensions",
            ], keyCount: 2,
            replay.holds.flatMap { id, hold in
                hold.lines.indices.map { index -> [Value] in
                    let line = hold.lines[index]
                    return [
                        .int(id), .int(Int64(index + 1)), .int(line.account), .int(line.debit), .int(line.credit),
                        .int(hold.captured[index]), .int(hold.released[index]), .of(line.branch), .of(line.dimensions),
                    ]
                }
            })
    }

    // MARK: Periods

    private func comparePeriods() throws {
        try compare(
            .period, "ledger_periods", ["month", "state", "changed_at", "actor_id", "reason"], keyCount: 1,
            replay.periods.map { month, period in
                [
                    .string(month.description), .string(period.state.rawValue), .string(period.changedAt),
                    .int(period.actor), .of(period.reason),
                ]
            })
        try compare(
            .period, "ledger_period_exceptions", ["id", "month", "actor_id", "from_at", "until_at", "reason"], keyCount: 1,
            Array(replay.exceptions.values))
        try compare(
            .period, "ledger_period_balances", ["month", "account_id", "debit_minor", "credit_minor"], keyCount: 2,
            replay.lockedRows.flatMap { month, rows in
                rows.map {
                    [.string(month.description), .int($0.account), .int($0.sums.debits), .int($0.sums.credits)]
                }
            })
    }

    // MARK: Series

    private func compareSeries() throws {
        try compare(
            .series, "ledger_series", ["id", "name", "format", "reset", "is_branched", "is_dated", "first"], keyCount: 1,
            Array(replay.series.values))
        try compare(
            .series, "ledger_series_segments",
            ["id", "series_id", "branch_id", "period", "format", "first", "next", "last_on", "is_open"], keyCount: 1,
            replay.segments.map { id, segment in
                [
                    .int(id), .int(segment.series), .int(segment.branch), .string(segment.period), .string(segment.format),
                    .int(segment.first), .int(segment.next), .of(segment.lastOn), .int(segment.isOpen ? 1 : 0),
                ]
            })
    }
}

extension Value {
    fileprivate static func of(_ text: String?) -> Value { text.map { .string($0) } ?? .null }
    fileprivate static func of(_ int: Int64?) -> Value { int.map { .int($0) } ?? .null }
}

extension Balance {
    fileprivate var summary: String {
        "posted \(postedDebits)/\(postedCredits), pending \(pendingDebits)/\(pendingCredits), version \(version), entry \(lastEntry ?? 0)"
    }
}

extension Movement {
    fileprivate var summary: String { "\(debits)/\(credits)" }
}
