import Core
import Storage

/// The rows of ledger_holds and ledger_hold_lines.
enum HoldRows {
    private static let columns = "id, kind, state, effective_on, expires_at, source_type, source_id"
    private static let selectByID = SQL("SELECT \(columns) FROM ledger_holds WHERE id = ?1")
    private static let selectBySource = SQL(
        "SELECT \(columns) FROM ledger_holds WHERE source_type = ?1 AND source_id = ?2 ORDER BY id")
    private static let selectLive = SQL(
        """
        SELECT \(columns) FROM ledger_holds WHERE state IN ('held', 'partly_captured') AND id > ?1 ORDER BY id LIMIT ?2
        """)
    private static let selectExpired = SQL(
        """
        SELECT id FROM ledger_holds
        WHERE state IN ('held', 'partly_captured') AND expires_at <= ?1 ORDER BY expires_at, id LIMIT ?2
        """)
    private static let selectLines = SQL(
        """
        SELECT l.line_number, l.account_id, a.code, l.debit_minor, l.credit_minor, a.currency, a.exponent,
          l.captured_minor, l.released_minor, l.branch_id, l.dimensions
        FROM ledger_hold_lines l JOIN ledger_accounts a ON a.id = l.account_id WHERE l.hold_id = ?1 ORDER BY l.line_number
        """)
    private static let nextHoldID = SQL("SELECT coalesce(max(id), 0) + 1 FROM ledger_holds")
    private static let insertHold = SQL(
        """
        INSERT INTO ledger_holds (id, kind, state, effective_on, expires_at, source_type, source_id)
        VALUES (?1, ?2, 'held', ?3, ?4, ?5, ?6)
        """)
    private static let insertLine = SQL(
        """
        INSERT INTO ledger_hold_lines (hold_id, line_number, account_id, debit_minor, credit_minor, captured_minor,
          released_minor, branch_id, dimensions) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?7)
        """)
    private static let updateState = SQL("UPDATE ledger_holds SET state = ?2 WHERE id = ?1")
    private static let updateLine = SQL(
        "UPDATE ledger_hold_lines SET captured_minor = ?3, released_minor = ?4 WHERE hold_id = ?1 AND line_number = ?2")

    static func find(_ id: Int64, _ db: Connection) throws -> Hold? {
        guard let head = try db.first(selectByID, id, row: Head.init) else { return nil }
        return try head.hold(db)
    }

    static func of(_ source: EntrySource, _ db: Connection) throws -> [Hold] {
        try db.query(selectBySource, source.type, source.id, row: Head.init).map { try $0.hold(db) }
    }

    static func live(after id: Int64, limit: Int, _ db: Connection) throws -> [Hold] {
        try db.query(selectLive, id, limit, row: Head.init).map { try $0.hold(db) }
    }

    static func expired(by now: Instant, limit: Int, _ db: Connection) throws -> [Int64] {
        try db.query(selectExpired, now, limit) { $0.int(0) }
    }

    static func nextID(_ db: Connection) throws -> Int64 { try db.integer(nextHoldID) }

    static func insert(_ id: Int64, _ new: NewHold, _ lines: [LineRecord], _ db: Connection) throws {
        try db.run(insertHold, id, new.kind, new.effectiveOn, new.expiresAt, new.source?.type, new.source?.id)
        for (index, line) in lines.enumerated() {
            try db.run(insertLine, id, index + 1, line.account, line.debit, line.credit, line.branch, line.dimensions)
        }
    }

    static func set(_ state: HoldState, of hold: Int64, _ db: Connection) throws {
        try db.run(updateState, hold, state.rawValue)
    }

    static func write(_ line: HoldLine, of hold: Int64, _ db: Connection) throws {
        try db.run(updateLine, hold, line.number, line.captured, line.released)
    }

    /// A hold without its lines.
    private struct Head {
        let id: Int64
        let kind: String
        let state: HoldState
        let effectiveOn: CalendarDate
        let expiresAt: Instant?
        let source: EntrySource?

        init(_ row: Row) throws {
            id = row.int(0)
            kind = row.text(1)
            guard let state = HoldState(rawValue: row.text(2)) else {
                throw LedgerError.damaged("hold \(row.int(0)) has an unknown state")
            }
            self.state = state
            effectiveOn = try row.date(3)
            expiresAt = try row.optionalInstant(4)
            source = row.optionalText(5).map { EntrySource(type: $0, id: row.int(6)) }
        }

        func hold(_ db: Connection) throws -> Hold {
            let lines = try db.query(HoldRows.selectLines, id) { row in
                let currency = try Currency(code: row.text(5), exponent: Int(row.int(6)))
                return HoldLine(
                    number: Int(row.int(0)), accountID: row.int(1), accountCode: row.text(2),
                    side: row.int(3) > 0 ? .debit : .credit, amount: Money(minor: row.int(3) + row.int(4), currency),
                    captured: row.int(7), released: row.int(8), branch: row.optionalInt(9), dimensions: row.optionalText(10))
            }
            return Hold(
                id: id, kind: kind, state: state, effectiveOn: effectiveOn, expiresAt: expiresAt, source: source,
                lines: lines)
        }
    }
}
