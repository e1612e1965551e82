import Core
import Storage

/// Sums of lines, in minor units.
struct Movement: Equatable {
    var debits: Int64 = 0
    var credits: Int64 = 0

    /// - Parameter account: what the sum is of, for the refusal.
    /// - Throws: `.amountOverflow`.
    mutating func add(_ other: Movement, of account: @autoclosure () -> String) throws(LedgerError) {
        let (debits, first) = debits.addingReportingOverflow(other.debits)
        let (credits, second) = credits.addingReportingOverflow(other.credits)
        guard !first, !second else { throw .amountOverflow(account: account()) }
        self = Movement(debits: debits, credits: credits)
    }
}

/// What was known when: every entry up to a point of the book's one order.
package enum KnownAt: Sendable, Equatable {
    case now
    /// The last entry that counts.
    case entry(Int64)
    /// The entries recorded up to and in this millisecond. Fixed for ever once it has passed, on a clock that does not
    /// go back.
    case instant(Instant)
}

// Movements are summed over whole days (ledger_days) as far as entries are folded into them, and over lines behind
// that. Folding happens every `foldEvery` entries, in the commit of the last of them, so that posting pays one upsert a
// day and account instead of one a line.

// A plus before a column keeps SQLite from going by date where going by number is meant.

extension Ledger {
    static let foldEvery: Int64 = 512

    private static let fold = SQL(
        """
        INSERT INTO ledger_days (effective_on, account_id, debit_minor, credit_minor)
        SELECT effective_on, account_id, sum(debit_minor), sum(credit_minor) FROM ledger_lines
        WHERE entry_id > (SELECT folded_through_id FROM ledger_books) AND entry_id <= ?1
        GROUP BY +effective_on, +account_id
        ON CONFLICT (effective_on, account_id) DO UPDATE SET
          debit_minor = debit_minor + excluded.debit_minor, credit_minor = credit_minor + excluded.credit_minor
        """)
    private static let setFolded = SQL("UPDATE ledger_books SET folded_through_id = ?1")
    private static let selectFolded = SQL("SELECT folded_through_id FROM ledger_books")

    /// From the lines, whatever is remembered.
    func foldDays(through entry: Int64) throws(StorageError) {
        memory.days = nil
        try db.run(Self.fold, entry)
        try db.run(Self.setFolded, entry)
    }

    /// From what is remembered, if that is everything since the last fold.
    /// - Parameters:
    ///   - entry: the entry that was just written; it is not remembered yet.
    ///   - effects: what it does.
    func foldDays(through entry: Int64, _ effects: [Effect], on date: String) throws(StorageError) {
        let folded = try db.integer(Self.selectFolded)
        guard var days = memory.days, days.since == folded else { return try foldDays(through: entry) }
        days.add(effects, on: date)
        try days.fold(db)
        try db.run(Self.setFolded, entry)
    }

    // MARK: All accounts

    private static let lockedBefore = SQL(
        "SELECT month FROM ledger_periods WHERE state = 'locked' AND month <= ?1 ORDER BY month DESC LIMIT 1")
    private static let selectLocked = SQL(
        "SELECT account_id, debit_minor, credit_minor FROM ledger_period_balances WHERE month = ?1")
    private static let sumAll = SQL(
        """
        SELECT account_id, sum(debit_minor), sum(credit_minor) FROM ledger_movements
        WHERE effective_on > ?1 AND effective_on <= ?2 GROUP BY account_id
        """)
    private static let sumAllLater = SQL(
        """
        SELECT account_id, sum(debit_minor), sum(credit_minor) FROM ledger_lines
        WHERE entry_id > ?1 AND +effective_on > ?2 AND +effective_on <= ?3 GROUP BY account_id
        """)

    /// Of every account that moved, from the first day to the last, in the order of account ids.
    ///
    /// Starts from the last locked month before, since nothing before its end can change.
    /// - Parameter after: leaves out this day and all before it.
    /// - Parameter known: the last entry that counts; nil for all.
    func movements(
        after start: CalendarDate? = nil, through end: CalendarDate?, known: Int64? = nil
    ) throws -> [(account: Int64, sums: Movement)] {
        let last = end?.description ?? "9999-12-31"
        var sums: [Int64: Movement] = [:]
        var first = start?.description ?? ""
        // The sums of a locked month hold everything that was ever posted before its end, so they serve the present only.
        if start == nil, known == nil, let end, let month = try lockedMonth(endingBy: end) {
            first = month.lastDay.description
            try db.each(Self.selectLocked, month) { add($0, 1, to: &sums) }
        }
        try db.each(Self.sumAll, first, last) { add($0, 1, to: &sums) }
        if let known { try db.each(Self.sumAllLater, known, first, last) { add($0, -1, to: &sums) } }
        return sums.filter { $0.value != Movement() }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func add(_ row: Row, _ sign: Int64, to sums: inout [Int64: Movement]) -> Bool {
        // What posting lets in fits; rows that somebody else wrote may not, and are for `verify` to find.
        sums[row.int(0), default: Movement()].debits &+= sign &* row.int(1)
        sums[row.int(0), default: Movement()].credits &+= sign &* row.int(2)
        return true
    }

    /// The last locked month that ends on this day or before it.
    private func lockedMonth(endingBy end: CalendarDate) throws -> CalendarMonth? {
        let month = end.calendarMonth
        let complete = end == month.lastDay ? month : try month.previous
        return try db.first(Self.lockedBefore, complete) { try CalendarMonth($0.text(0)) }
    }

    // MARK: One account

    private static let sumOne = SQL(
        """
        WITH RECURSIVE day (d) AS (
          SELECT min(effective_on) FROM ledger_days WHERE effective_on > ?2
          UNION ALL
          SELECT (SELECT min(effective_on) FROM ledger_days WHERE effective_on > day.d) FROM day
          WHERE day.d IS NOT NULL AND day.d <= ?3
        )
        SELECT coalesce(sum(l.debit_minor), 0), coalesce(sum(l.credit_minor), 0)
        FROM day CROSS JOIN ledger_days l ON l.effective_on = day.d AND l.account_id = ?1 WHERE day.d <= ?3
        """)
    private static let sumOneUnfolded = SQL(
        """
        SELECT coalesce(sum(debit_minor), 0), coalesce(sum(credit_minor), 0) FROM ledger_lines
        WHERE entry_id > ?4 AND +account_id = ?1 AND +effective_on > ?2 AND +effective_on <= ?3
        """)
    private static let selectLockedOne = SQL(
        "SELECT debit_minor, credit_minor FROM ledger_period_balances WHERE month = ?1 AND account_id = ?2")

    /// Of one account: a look-up for each day of the span, not for each line.
    func movement(
        of account: Int64, after start: CalendarDate? = nil, through end: CalendarDate?, known: Int64? = nil
    ) throws -> Movement {
        let last = end?.description ?? "9999-12-31"
        var first = start?.description ?? ""
        var sums = Movement()
        func add(_ row: Row, _ sign: Int64) {
            sums.debits &+= sign &* row.int(0)
            sums.credits &+= sign &* row.int(1)
        }
        if start == nil, known == nil, let end, let month = try lockedMonth(endingBy: end) {
            first = month.lastDay.description
            _ = try db.first(Self.selectLockedOne, month, account) { add($0, 1) }
        }
        let folded = try db.integer(Self.selectFolded)
        _ = try db.first(Self.sumOne, account, first, last) { add($0, 1) }
        _ = try db.first(Self.sumOneUnfolded, account, first, last, folded) { add($0, 1) }
        if let known { _ = try db.first(Self.sumOneUnfolded, account, first, last, known) { add($0, -1) } }
        return sums
    }

    // MARK: Known time

    private static let lastEntryID = SQL("SELECT coalesce(max(id), 0) FROM ledger_entries")
    private static let selectRecordedAt = SQL("SELECT recorded_at FROM ledger_entries WHERE id = ?1")

    func lastEntry() throws -> Int64 { try db.integer(Self.lastEntryID) }

    /// The last entry that counts, and nil in the first place if all do.
    func known(_ known: KnownAt) throws -> (limit: Int64?, last: Int64) {
        let last = try lastEntry()
        switch known {
        case .now: return (nil, last)
        case .entry(let id): return id >= last ? (nil, last) : (max(0, id), max(0, id))
        case .instant(let instant):
            // Numbers have no gaps and times never fall, so this is a search by halves.
            let text = instant.description
            var (low, high) = (Int64(0), last)
            while low < high {
                let middle = (low + high + 1) / 2
                if try db.text(Self.selectRecordedAt, middle) ?? "" <= text { low = middle } else { high = middle - 1 }
            }
            return low == last ? (nil, last) : (low, low)
        }
    }
}
