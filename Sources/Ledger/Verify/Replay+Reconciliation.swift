import Core
import Storage

/// Statements, matches and reconciliations made again from their events.
struct ReconciliationFold {
    struct Source {
        var account: Int64
        var from: String
        var opening: Int64
        /// 1 where the account grows by debits, else −1.
        var sign: Int64
        /// The opening and all lines.
        var balance: Int64
        var last = ""
        var closedThrough = ""
    }

    struct Line {
        var source: Int64
        var bookedOn: String
        var amount: Int64
        var match: Int64?
    }

    struct Match {
        var source: Int64
        var kind: String
        var through: String
        var isActive = true
        var statementLines: [Int64]
        var entryLines: [EntryLineReference]
        /// Of its lines in the books, positive on the account's normal side.
        var amount: Int64
    }

    var sources: [Int64: Source] = [:]
    var sourceRows: [[Value]] = []
    var importRows: [Int64: [Value]] = [:]
    var lines: [Int64: Line] = [:]
    var matches: [Int64: Match] = [:]
    /// The active match of each line.
    var entryMatches: [EntryLineReference: Int64] = [:]
    var rows: [[Value]] = []
}

extension Replay {
    private static let selectImported = SQL(
        """
        SELECT id, source_id, external_id, booked_on, amount_minor, balance_minor, reference, details, salt, text_digest
        FROM ledger_statement_lines WHERE import_id = ?1 ORDER BY id
        """)
    private static let selectEntryLine = SQL(
        "SELECT account_id, effective_on, debit_minor, credit_minor FROM ledger_lines WHERE entry_id = ?1 AND line_number = ?2")
    // Day by day: the index of lines is by date first.
    private static let sumThrough = SQL(
        """
        WITH RECURSIVE days (d) AS (
          SELECT min(effective_on) FROM ledger_lines WHERE effective_on <= ?2
          UNION ALL
          SELECT (SELECT min(effective_on) FROM ledger_lines WHERE effective_on > days.d AND effective_on <= ?2)
          FROM days WHERE days.d IS NOT NULL
        )
        SELECT coalesce(sum(l.debit_minor), 0), coalesce(sum(l.credit_minor), 0)
        FROM days CROSS JOIN ledger_lines l ON l.effective_on = days.d AND l.account_id = ?1 WHERE l.entry_id <= ?3
        """)

    func applyReconciliation(_ kind: EventKind, _ event: EventRecord, _ payload: Value, _ place: String) throws {
        switch kind {
        case .sourceDefined: try defineSource(event, payload)
        case .statementImported: try importStatement(event, payload, place)
        case .linesMatched: try matchLines(event, payload, place)
        case .linesUnmatched: try unmatchLines(event, place)
        default: try closeReconciliation(event, payload, place)
        }
    }

    private func defineSource(_ event: EventRecord, _ payload: Value) throws {
        let account = try int(payload, "account_id")
        let (from, opening) = (try text(payload, "from"), try int(payload, "opening"))
        guard let slot = slots[account] else { throw Unreadable() }
        reconciliation.sources[event.subject] = .init(
            account: account, from: from, opening: opening, sign: slot.account.normalSide == .debit ? 1 : -1, balance: opening)
        reconciliation.sourceRows.append([
            .int(event.subject), .string(try text(payload, "name")), .int(account), .string(from), .int(opening),
        ])
    }

    // MARK: Statements

    private func importStatement(_ event: EventRecord, _ payload: Value, _ place: String) throws {
        let sourceID = try int(payload, "source_id")
        guard var source = reconciliation.sources[sourceID] else { throw Unreadable() }
        let (first, count) = (try int(payload, "first_line"), try int(payload, "lines"))
        reconciliation.importRows[event.subject] = [
            .int(event.subject), .int(sourceID), .int(count), .string(event.recordedAt), .int(event.actor.id),
        ]
        var bytes = CanonicalBytes(capacity: 4096)
        var found: Int64 = 0
        try db.each(Self.selectImported, event.subject) { row in
            let id = row.int(0)
            let linePlace = "ledger_statement_lines \(id)"
            if row.int(1) != sourceID { problem(.reconciliation, linePlace, "It is of another source than its import.") }
            let record = StatementLineRecord(
                id: id, externalID: row.text(2), bookedOn: row.text(3), amount: row.int(4), balance: row.optionalInt(5),
                textDigest: row.bytes(9))
            if record.textDigest != StatementLineRecord.digest(row.text(6), row.text(7), salt: row.bytes(8)) {
                problem(.text, linePlace, "Its reference or details are not those that were imported.")
            }
            record.write(to: &bytes)
            source.balance &+= record.amount
            if record.bookedOn < source.last || record.bookedOn <= source.closedThrough || record.bookedOn < source.from {
                problem(.reconciliation, linePlace, "It is of \(record.bookedOn), which is too early.")
            }
            source.last = max(source.last, record.bookedOn)
            if let balance = record.balance, balance != source.balance {
                problem(.reconciliation, linePlace, "It states a balance of \(balance), and the lines come to \(source.balance).")
            }
            reconciliation.lines[id] = .init(source: sourceID, bookedOn: record.bookedOn, amount: record.amount)
            if id != first &+ found { problem(.reconciliation, linePlace, "Line \(first &+ found) should come here.") }
            found += 1
            return true
        }
        let digest = try text(payload, "digest")
        if found != count || Digest.hex(bytes.digest()) != digest {
            problem(.reconciliation, place, "The lines of import \(event.subject) are not those that were taken.")
        }
        reconciliation.sources[sourceID] = source
    }

    // MARK: Matches

    private func matchLines(_ event: EventRecord, _ payload: Value, _ place: String) throws {
        let sourceID = try int(payload, "source_id")
        guard let source = reconciliation.sources[sourceID], reconciliation.matches[event.subject] == nil else { throw Unreadable() }
        let statementLines = (payload["statement_lines"]?.array ?? []).compactMap(\.int)
        let entryLines = (payload["entry_lines"]?.array ?? []).compactMap { pair -> EntryLineReference? in
            guard let entry = pair[0]?.int, let line = pair[1]?.int else { return nil }
            return EntryLineReference(entry: entry, line: Int(line))
        }
        var (statement, entries) = (Int128(0), Int128(0))
        var through = source.from
        for id in statementLines {
            guard let line = reconciliation.lines[id], line.source == sourceID else {
                problem(.reconciliation, place, "Statement line \(id) is not of source \(sourceID).")
                continue
            }
            if let other = line.match { problem(.reconciliation, place, "Statement line \(id) is in match \(other) already.") }
            reconciliation.lines[id]?.match = event.subject
            statement += Int128(line.amount)
            through = max(through, line.bookedOn)
        }
        for line in entryLines {
            let found = try db.first(Self.selectEntryLine, line.entry, line.line) { ($0.int(0), $0.text(1), $0.int(2) &- $0.int(3)) }
            guard let found, found.0 == source.account, line.entry <= event.afterEntry, found.1 >= source.from else {
                problem(.reconciliation, place, "There is no \(line) on the account of source \(sourceID).")
                continue
            }
            if let other = reconciliation.entryMatches[line] { problem(.reconciliation, place, "The \(line) is in match \(other) already.") }
            reconciliation.entryMatches[line] = event.subject
            entries += Int128(source.sign) * Int128(found.2)
            through = max(through, found.1)
        }
        if statement != entries {
            problem(.reconciliation, place, "The lines of the statement come to \(statement), those of the entries to \(entries).")
        }
        reconciliation.matches[event.subject] = .init(
            source: sourceID, kind: try text(payload, "kind"), through: through, statementLines: statementLines,
            entryLines: entryLines, amount: Int64(clamping: entries))
    }

    private func unmatchLines(_ event: EventRecord, _ place: String) throws {
        guard let match = reconciliation.matches[event.subject] else { throw Unreadable() }
        if !match.isActive { problem(.reconciliation, place, "Match \(event.subject) was taken back already.") }
        if let source = reconciliation.sources[match.source], match.through <= source.closedThrough {
            problem(.reconciliation, place, "Match \(event.subject) was reconciled through \(source.closedThrough).")
        }
        reconciliation.matches[event.subject]?.isActive = false
        for id in match.statementLines { reconciliation.lines[id]?.match = nil }
        for line in match.entryLines { reconciliation.entryMatches[line] = nil }
    }

    // MARK: Reconciliations

    private func closeReconciliation(_ event: EventRecord, _ payload: Value, _ place: String) throws {
        let sourceID = try int(payload, "source_id")
        guard let source = reconciliation.sources[sourceID] else { throw Unreadable() }
        let day = try text(payload, "as_of")
        let (statement, book, unmatched) = (try int(payload, "statement"), try int(payload, "book"), try int(payload, "unmatched"))
        let date = try CalendarDate(day)
        func stood(_ through: CalendarDate) throws -> Int64 {
            let sums = try db.first(Self.sumThrough, source.account, through, event.afterEntry) { ($0.int(0), $0.int(1)) } ?? (0, 0)
            return source.sign &* (sums.0 &- sums.1)
        }
        if day <= source.closedThrough { problem(.reconciliation, place, "It is reconciled through \(source.closedThrough) already.") }
        var sum = source.opening
        for line in reconciliation.lines.values where line.source == sourceID && line.bookedOn <= day {
            sum &+= line.amount
            let match = line.match.flatMap { reconciliation.matches[$0] }
            if match.map({ $0.through > day }) ?? true {
                problem(.reconciliation, place, "A line of the statement of \(line.bookedOn) was not in the books.")
            }
        }
        let matched = reconciliation.matches.values.filter { $0.source == sourceID && $0.isActive && $0.through <= day }
            .reduce(Int64(0)) { $0 &+ $1.amount }
        if sum != statement { problem(.reconciliation, place, "It says that the statement stood at \(statement), and the lines come to \(sum).") }
        let (before, stands) = (try stood(CalendarDate(source.from).adding(days: -1)), try stood(date))
        if before != source.opening { problem(.reconciliation, place, "The books stood at \(before) at the opening, not at \(source.opening).") }
        if stands != book { problem(.reconciliation, place, "It says that the books stood at \(book), and the entries make \(stands).") }
        if book &- before &- matched != unmatched {
            problem(.reconciliation, place, "It says that \(unmatched) was outstanding, and \(book &- before &- matched) was.")
        }
        reconciliation.sources[sourceID]?.closedThrough = max(source.closedThrough, day)
        reconciliation.rows.append([
            .int(event.subject), .int(sourceID), .string(day), .int(statement), .int(book), .int(unmatched), .int(event.afterEntry),
            .string(event.recordedAt), .int(event.actor.id),
        ])
    }
}

extension Comparison {
    private static let selectLines = SQL("SELECT id FROM ledger_statement_lines ORDER BY id")

    func compareReconciliation() throws {
        let fold = replay.reconciliation
        try compare(
            .reconciliation, "ledger_reconciliation_sources", ["id", "name", "account_id", "from_on", "opening_minor"], keyCount: 1,
            fold.sourceRows)
        try compare(
            .reconciliation, "ledger_statement_imports", ["id", "source_id", "line_count", "imported_at", "actor_id"], keyCount: 1,
            Array(fold.importRows.values))
        for line in try db.query(Self.selectLines, row: { $0.int(0) }) where fold.lines[line] == nil {
            replay.problem(.reconciliation, "ledger_statement_lines \(line)", "No import took this row.")
        }
        func active(_ flag: Bool) -> Value { .int(flag ? 1 : 0) }
        try compare(
            .reconciliation, "ledger_matches", ["id", "source_id", "kind", "through_on", "is_active"], keyCount: 1,
            fold.matches.map { id, match in
                [.int(id), .int(match.source), .string(match.kind), .string(match.through), active(match.isActive)]
            })
        try compare(
            .reconciliation, "ledger_match_statement_lines", ["match_id", "statement_line_id", "is_active"], keyCount: 2,
            fold.matches.flatMap { id, match in match.statementLines.map { [.int(id), .int($0), active(match.isActive)] } })
        try compare(
            .reconciliation, "ledger_match_entry_lines", ["match_id", "entry_id", "line_number", "is_active"], keyCount: 3,
            fold.matches.flatMap { id, match in
                match.entryLines.map { [.int(id), .int($0.entry), .int(Int64($0.line)), active(match.isActive)] }
            })
        try compare(
            .reconciliation, "ledger_reconciliations",
            [
                "id", "source_id", "as_of", "statement_minor", "book_minor", "unmatched_minor", "known_entry_id", "closed_at",
                "actor_id",
            ], keyCount: 1, fold.rows)
    }
}
