import Core
import Storage

extension Ledger {
    static let maximumMatchLines = 1_000

    private static let selectStatementLine = SQL(
        """
        SELECT l.source_id, l.booked_on, l.amount_minor, m.match_id FROM ledger_statement_lines l
          LEFT JOIN ledger_match_statement_lines m ON m.statement_line_id = l.id AND m.is_active = 1
        WHERE l.id = ?1
        """)
    private static let selectEntryLine = SQL(
        """
        SELECT l.account_id, l.effective_on, l.debit_minor - l.credit_minor, m.match_id FROM ledger_lines l
          LEFT JOIN ledger_match_entry_lines m
            ON m.entry_id = l.entry_id AND m.line_number = l.line_number AND m.is_active = 1
        WHERE l.entry_id = ?1 AND l.line_number = ?2
        """)
    private static let nextMatch = SQL("SELECT coalesce(max(id), 0) + 1 FROM ledger_matches")
    private static let insertMatch = SQL(
        "INSERT INTO ledger_matches (id, source_id, kind, through_on, is_active) VALUES (?1, ?2, ?3, ?4, 1)")
    private static let insertStatementLine = SQL(
        "INSERT INTO ledger_match_statement_lines (match_id, statement_line_id, is_active) VALUES (?1, ?2, 1)")
    private static let insertEntryLine = SQL(
        "INSERT INTO ledger_match_entry_lines (match_id, entry_id, line_number, is_active) VALUES (?1, ?2, ?3, 1)")
    private static let endings = [
        SQL("UPDATE ledger_matches SET is_active = 0 WHERE id = ?1"),
        SQL("UPDATE ledger_match_statement_lines SET is_active = 0 WHERE match_id = ?1"),
        SQL("UPDATE ledger_match_entry_lines SET is_active = 0 WHERE match_id = ?1"),
    ]
    private static let selectMatches = SQL(
        """
        SELECT id, source_id, kind, through_on, is_active FROM ledger_matches
        WHERE source_id = ?1 AND id > ?2 AND (?3 IS NULL OR is_active = ?3) ORDER BY id LIMIT ?4
        """)
    private static let selectMatch = SQL("SELECT id, source_id, kind, through_on, is_active FROM ledger_matches WHERE id = ?1")
    private static let selectMatchStatementLines = SQL(
        "SELECT statement_line_id FROM ledger_match_statement_lines WHERE match_id = ?1 ORDER BY statement_line_id")
    private static let selectMatchEntryLines = SQL(
        "SELECT entry_id, line_number FROM ledger_match_entry_lines WHERE match_id = ?1 ORDER BY entry_id, line_number")

    /// Says that lines of a statement and lines of entries are the same money, many to many. One side may be empty where the
    /// other comes to nothing: an entry and its reversal, a charge that the bank took back.
    ///
    /// - Throws: `.invalid` for fewer than two lines; `.reconciliation` with `.lineUnknown`, `.matched` or `.unequal`.
    @discardableResult
    package func match(
        _ statementLines: [Int64], with entryLines: [EntryLineReference], of sourceID: Int64, kind: MatchKind = .manual,
        actor: LedgerActor
    ) throws -> Match {
        let source = try reconciliationSource(sourceID)
        let (statementLines, entryLines) = (statementLines.sorted(), entryLines.sorted())
        let count = statementLines.count + entryLines.count
        guard (2...Self.maximumMatchLines).contains(count), Set(statementLines).count + Set(entryLines).count == count else {
            throw LedgerError.invalid(field: "statement_lines", "A match has 2 to \(Self.maximumMatchLines) lines, each once.")
        }
        var (statement, entries) = (Int128(0), Int128(0))
        var through = source.from
        for id in statementLines {
            let found = try db.first(Self.selectStatementLine, id) { row in
                (source: row.int(0), date: try row.date(1), amount: row.int(2), match: row.optionalInt(3))
            }
            guard let found, found.source == sourceID else { throw LedgerError.reconciliation(.lineUnknown("statement line \(id)")) }
            if let other = found.match { throw LedgerError.reconciliation(.matched("statement line \(id)", match: other)) }
            statement += Int128(found.amount)
            through = max(through, found.date)
        }
        let sign: Int128 = source.account.normalSide == .debit ? 1 : -1
        for line in entryLines {
            let found = try db.first(Self.selectEntryLine, line.entry, line.line) { row in
                (account: row.int(0), date: try row.date(1), net: row.int(2), match: row.optionalInt(3))
            }
            guard let found, found.account == source.account.id, found.date >= source.from else {
                throw LedgerError.reconciliation(.lineUnknown("\(line) on account \(source.account.code) since \(source.from)"))
            }
            if let other = found.match { throw LedgerError.reconciliation(.matched("\(line)", match: other)) }
            entries += sign * Int128(found.net)
            through = max(through, found.date)
        }
        guard statement == entries else {
            let currency = source.account.currency
            throw LedgerError.reconciliation(
                .unequal(
                    statement: Money(minor: Int64(clamping: statement), currency), entries: Money(minor: Int64(clamping: entries), currency)))
        }
        _ = try memory.validate(db)
        let id = try db.integer(Self.nextMatch)
        try db.run(Self.insertMatch, id, sourceID, kind.rawValue, through)
        for line in statementLines { try db.run(Self.insertStatementLine, id, line) }
        for line in entryLines { try db.run(Self.insertEntryLine, id, line.entry, line.line) }
        try record(.linesMatched, subject: id, actor: actor) { json in
            json.member("source_id", sourceID)
            json.member("kind", kind.rawValue)
            json.key("statement_lines")
            json.beginArray()
            for line in statementLines { json.int(line) }
            json.endArray()
            json.key("entry_lines")
            json.beginArray()
            for line in entryLines {
                json.beginArray()
                json.int(line.entry)
                json.int(Int64(line.line))
                json.endArray()
            }
            json.endArray()
        }
        return Match(
            id: id, kind: kind, statementLines: statementLines, entryLines: entryLines, through: through, isActive: true)
    }

    /// Takes a match back. What was reconciled stays as it is.
    /// - Throws: `.reconciliation` with `.matchUnknown`, `.matchEnded` or `.closed`.
    package func unmatch(_ id: Int64, reason: String, actor: LedgerActor) throws {
        try Self.checkReason(reason)
        guard let found = try db.first(Self.selectMatch, id, row: { ($0.int(1), try readMatch($0)) }) else {
            throw LedgerError.reconciliation(.matchUnknown(id))
        }
        let (sourceID, match) = found
        guard match.isActive else { throw LedgerError.reconciliation(.matchEnded(id)) }
        if let closed = try lastReconciliation(of: sourceID)?.asOf, match.through <= closed {
            throw LedgerError.reconciliation(.closed(through: closed))
        }
        _ = try memory.validate(db)
        for sql in Self.endings { try db.run(sql, id) }
        try record(.linesUnmatched, subject: id, actor: actor, reason: reason) { json in json.member("source_id", sourceID) }
    }

    // MARK: Reading

    /// In the order of their ids, with their lines.
    /// - Parameter isActive: only those that stand, or that were taken back; nil for all.
    package func matches(of sourceID: Int64, isActive: Bool? = nil, after: Int64 = 0, limit: Int = 50) throws -> [Match] {
        _ = try reconciliationSource(sourceID)
        return try db.query(Self.selectMatches, sourceID, after, isActive.map { $0 ? Int64(1) : 0 }, limit) { try readMatch($0) }
    }

    /// - Throws: `.reconciliation(.matchUnknown)`.
    package func match(_ id: Int64) throws -> Match {
        guard let found = try db.first(Self.selectMatch, id, row: { try readMatch($0) }) else {
            throw LedgerError.reconciliation(.matchUnknown(id))
        }
        return found
    }

    private func readMatch(_ row: Row) throws -> Match {
        let id = row.int(0)
        guard let kind = MatchKind(rawValue: row.text(2)) else { throw LedgerError.damaged("match \(id) is of an unknown kind") }
        return Match(
            id: id, kind: kind, statementLines: try db.query(Self.selectMatchStatementLines, id) { $0.int(0) },
            entryLines: try db.query(Self.selectMatchEntryLines, id) { EntryLineReference(entry: $0.int(0), line: Int($0.int(1))) },
            through: try row.date(3), isActive: row.bool(4))
    }
}

extension EntryLineReference: Comparable, CustomStringConvertible {
    package static func < (a: Self, b: Self) -> Bool { (a.entry, a.line) < (b.entry, b.line) }
    package var description: String { "line \(line) of entry \(entry)" }
}
