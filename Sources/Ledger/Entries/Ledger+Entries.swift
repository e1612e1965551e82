import Core
import Storage

/// Which entries to list.
package struct EntryFilter: Sendable {
    package var account: AccountReference?
    package var from: CalendarDate?
    package var through: CalendarDate?
    package var source: EntrySource?
    package var kind: String?
    /// Entries that correct this one.
    package var corrects: Int64?

    package init(
        account: AccountReference? = nil, from: CalendarDate? = nil, through: CalendarDate? = nil,
        source: EntrySource? = nil, kind: String? = nil, corrects: Int64? = nil
    ) {
        self.account = account
        self.from = from
        self.through = through
        self.source = source
        self.kind = kind
        self.corrects = corrects
    }
}

/// A place in a list of entries.
package struct EntryCursor: Sendable, Equatable {
    /// Of the last entry before; used where the list is in the order of dates.
    package let effectiveOn: CalendarDate
    package let entry: Int64

    package init(effectiveOn: CalendarDate, entry: Int64) {
        self.effectiveOn = effectiveOn
        self.entry = entry
    }
}

extension Ledger {
    /// - Throws: `.entryUnknown`.
    package func entry(_ id: Int64) throws -> Entry {
        guard let entry = try findEntry(id) else { throw LedgerError.entryUnknown(id) }
        return entry
    }

    package func findEntry(_ id: Int64) throws -> Entry? {
        try EntryRows.find(id: id, db).map(entry)
    }

    /// The entry that reverses this one, if any.
    package func reversal(of entry: Int64) throws -> Int64? { try EntryRows.reversal(of: entry, db) }

    /// Newest first: in the order of numbers, or of dates if the filter has an account, or a date and neither a source nor a
    /// corrected entry.
    /// - Parameter limit: 1...1000.
    package func entries(_ filter: EntryFilter = EntryFilter(), after: EntryCursor? = nil, limit: Int = 50) throws -> [Entry] {
        let limit = max(1, min(limit, 1000))
        return try EntryQuery(filter, account: filter.account.map { try account($0).id })
            .run(after: after, limit: limit, db).map(entry)
    }

    private static let selectLinesWithCodes = SQL(
        """
        SELECT l.line_number, l.account_id, a.code, l.debit_minor, l.credit_minor, a.currency, a.exponent, l.branch_id,
          l.dimensions
        FROM ledger_lines l JOIN ledger_accounts a ON a.id = l.account_id WHERE l.entry_id = ?1 ORDER BY l.line_number
        """)

    private func entry(_ stored: EntryRows.Stored) throws -> Entry {
        let record = stored.record
        let lines = try db.query(Self.selectLinesWithCodes, record.id) { row in
            let currency = try Currency(code: row.text(5), exponent: Int(row.int(6)))
            return Line(
                number: Int(row.int(0)), accountID: row.int(1), accountCode: row.text(2),
                side: row.int(3) > 0 ? .debit : .credit, amount: Money(minor: row.int(3) + row.int(4), currency),
                branch: row.optionalInt(7), dimensions: try row.optionalText(8).flatMap { try JSON.parse($0).object })
        }
        return Entry(
            id: record.id, kind: record.kind, effectiveOn: try CalendarDate(record.effectiveOn),
            recordedAt: try Instant(record.recordedAt), memo: stored.memo,
            source: record.sourceType.flatMap { type in record.sourceID.map { EntrySource(type: type, id: $0) } },
            actor: LedgerActor(id: record.actorID, label: record.actor), rulesVersion: record.rulesVersion,
            reverses: record.reverses, corrects: record.corrects, hold: record.hold, exception: record.exception,
            idempotencyKey: record.idempotencyKey, digest: stored.digest, lines: lines)
    }
}

/// The four ways in which entries are found: by account, by source, by date, by number.
private struct EntryQuery {
    private static let head = "SELECT \(EntryRows.columns) \(EntryRows.joined)"
    // ?1 kind, ?2 corrected entry, ?3 and ?4 the cursor, ?5 the limit; further ones as each needs them.
    private static let matches = "(?1 IS NULL OR e.kind = ?1) AND (?2 IS NULL OR e.corrects_id = ?2)"

    private static let byNumber = SQL("\(head) WHERE e.id < ?4 AND \(matches) AND ?3 IS NOT NULL ORDER BY e.id DESC LIMIT ?5")
    private static let byCorrection = SQL(
        """
        \(head) WHERE e.corrects_id = ?2 AND e.id < ?4 AND (?1 IS NULL OR e.kind = ?1)
          AND +e.effective_on <= ?3 AND +e.effective_on >= ?6
        ORDER BY e.id DESC LIMIT ?5
        """)
    private static let bySource = SQL(
        """
        \(head) WHERE e.source_type = ?6 AND e.source_id = ?7 AND e.id < ?4 AND \(matches)
          AND +e.effective_on <= ?3 AND +e.effective_on >= ?8
        ORDER BY e.id DESC LIMIT ?5
        """)
    private static let byDate = SQL(
        """
        \(head) WHERE e.effective_on >= ?6 AND e.effective_on <= ?3 AND (e.effective_on, e.id) < (?3, ?4) AND \(matches)
        ORDER BY e.effective_on DESC, e.id DESC LIMIT ?5
        """)
    private static let byAccount = SQL(
        """
        \(head) WHERE e.id IN (
            SELECT l.entry_id FROM ledger_lines l WHERE l.effective_on = ?3 AND l.account_id = ?6 AND l.entry_id < ?4
          ) AND \(matches) AND (?7 IS NULL OR (e.source_type = ?7 AND e.source_id = ?8))
        ORDER BY e.id DESC LIMIT ?5
        """)
    private static let previousDay = SQL(
        "SELECT max(effective_on) FROM ledger_lines WHERE effective_on <= ?1 AND effective_on >= ?2")

    let filter: EntryFilter
    let account: Int64?

    init(_ filter: EntryFilter, account: Int64?) {
        self.filter = filter
        self.account = account
    }

    func run(after: EntryCursor?, limit: Int, _ db: Connection) throws -> [EntryRows.Stored] {
        let from = filter.from?.description ?? ""
        let number = after?.entry ?? .max
        let last = filter.through?.description ?? "9999-12-31"
        // A cursor from outside may lie beyond the last day.
        let date = min(after?.effectiveOn.description ?? last, last)
        let (kind, corrects) = (filter.kind, filter.corrects)
        if let account { return try run(account, from: from, through: date, before: number, limit, db) }
        if let source = filter.source {
            return try db.query(Self.bySource, kind, corrects, last, number, limit, source.type, source.id, from) {
                EntryRows.Stored($0)
            }
        }
        if corrects != nil {
            return try db.query(Self.byCorrection, kind, corrects, last, number, limit, from) { EntryRows.Stored($0) }
        }
        if filter.from != nil || filter.through != nil {
            return try db.query(Self.byDate, kind, corrects, date, number, limit, from) { EntryRows.Stored($0) }
        }
        return try db.query(Self.byNumber, kind, corrects, "", number, limit) { EntryRows.Stored($0) }
    }

    /// Day by day, the last first: a day without the account is one look-up.
    private func run(
        _ account: Int64, from: String, through: String, before number: Int64, _ limit: Int, _ db: Connection
    ) throws -> [EntryRows.Stored] {
        var found: [EntryRows.Stored] = []
        var day = try db.text(Self.previousDay, through, from)
        while let current = day, found.count < limit {
            // The cursor is in the middle of its own day only.
            let below = current == through ? number : .max
            found += try db.query(
                Self.byAccount, filter.kind, filter.corrects, current, below, limit - found.count, account,
                filter.source?.type, filter.source?.id
            ) { EntryRows.Stored($0) }
            day = try db.text(Self.previousDay, CalendarDate(current).adding(days: -1).description, from)
        }
        return found
    }
}
