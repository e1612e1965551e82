import Core
import Storage

// Lines of statements are kept as the bank or operator sent them. What they are worth in the books is `Ledger+Matches`.

extension Ledger {
    private static let selectSources = SQL(
        """
        SELECT id, name, account_id, from_on, opening_minor FROM ledger_reconciliation_sources WHERE id > ?1 ORDER BY id LIMIT ?2
        """)
    private static let selectSource = SQL(
        "SELECT id, name, account_id, from_on, opening_minor FROM ledger_reconciliation_sources WHERE id = ?1")
    private static let findSource = SQL(
        "SELECT name FROM ledger_reconciliation_sources WHERE name = ?1 OR account_id = ?2")
    private static let nextSource = SQL("SELECT coalesce(max(id), 0) + 1 FROM ledger_reconciliation_sources")
    private static let insertSource = SQL(
        """
        INSERT INTO ledger_reconciliation_sources (id, name, account_id, from_on, opening_minor) VALUES (?1, ?2, ?3, ?4, ?5)
        """)
    private static let nextImport = SQL("SELECT coalesce(max(id), 0) + 1 FROM ledger_statement_imports")
    private static let insertImport = SQL(
        """
        INSERT INTO ledger_statement_imports (id, source_id, line_count, imported_at, actor_id) VALUES (?1, ?2, ?3, ?4, ?5)
        """)
    private static let nextLine = SQL("SELECT coalesce(max(id), 0) + 1 FROM ledger_statement_lines")
    private static let insertLine = SQL(
        """
        INSERT INTO ledger_statement_lines
          (id, import_id, source_id, external_id, booked_on, amount_minor, balance_minor, reference, details, salt, text_digest)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        """)
    private static let findLine = SQL(
        """
        SELECT id, booked_on, amount_minor, balance_minor, reference, details FROM ledger_statement_lines
        WHERE source_id = ?1 AND external_id = ?2
        """)
    private static let sumLines = SQL(
        "SELECT coalesce(sum(amount_minor), 0), max(booked_on) FROM ledger_statement_lines WHERE source_id = ?1 AND booked_on <= ?2")
    private static let selectLines = SQL(
        """
        SELECT l.id, l.external_id, l.booked_on, l.amount_minor, l.balance_minor, l.reference, l.details, m.match_id
        FROM ledger_statement_lines l
          LEFT JOIN ledger_match_statement_lines m ON m.statement_line_id = l.id AND m.is_active = 1
        WHERE l.source_id = ?1 AND l.id > ?2 AND (?4 IS NULL OR (m.match_id IS NOT NULL) = ?4) AND l.booked_on <= ?5
        ORDER BY l.id LIMIT ?3
        """)

    // MARK: Sources

    /// In the order of their ids.
    package func reconciliationSources(after: Int64 = 0, limit: Int = 50) throws -> [ReconciliationSource] {
        try db.query(Self.selectSources, after, limit) { try source($0) }
    }

    /// - Throws: `.reconciliation(.sourceUnknown)`.
    package func reconciliationSource(_ id: Int64) throws -> ReconciliationSource {
        guard let source = try db.first(Self.selectSource, id, row: { try source($0) }) else {
            throw LedgerError.reconciliation(.sourceUnknown(id))
        }
        return source
    }

    private func source(_ row: Row) throws -> ReconciliationSource {
        let account = try account(.id(row.int(2)))
        return ReconciliationSource(
            id: row.int(0), name: row.text(1), account: account, from: try row.date(3),
            opening: Money(minor: row.int(4), account.currency))
    }

    /// Says where the statements of an account come from, once and for ever.
    ///
    /// - Parameters:
    ///   - from: the first day that is reconciled.
    ///   - opening: the balance that the statement states at the beginning of that day, in minor units.
    package func defineReconciliationSource(
        name: String, account reference: AccountReference, from: CalendarDate, opening: Int64, actor: LedgerActor
    ) throws -> ReconciliationSource {
        guard !name.allSatisfy(\.isWhitespace), name.utf8.count <= 200 else {
            throw LedgerError.invalid(field: "name", "A source has a name of 1 to 200 characters.")
        }
        guard opening.magnitude <= UInt64(NewLine.maximumAmount) else {
            throw LedgerError.invalid(field: "opening_balance", "A balance is at most \(NewLine.maximumAmount) minor units.")
        }
        _ = try memory.validate(db)
        let account = try account(reference)
        guard !account.isControl else {
            throw LedgerError.invalid(field: "account", "Account \(account.code) is a control account; name one of its sub-accounts.")
        }
        if let taken = try db.text(Self.findSource, name, account.id) {
            throw LedgerError.reconciliation(.sourceExists(taken == name ? name : "account \(account.code)"))
        }
        let id = try db.integer(Self.nextSource)
        try db.run(Self.insertSource, id, name, account.id, from, opening)
        try record(.sourceDefined, subject: id, actor: actor) { json in
            json.member("name", name)
            json.member("account_id", account.id)
            json.member("from", from.description)
            json.member("opening", opening)
        }
        return ReconciliationSource(
            id: id, name: name, account: account, from: from, opening: Money(minor: opening, account.currency))
    }

    // MARK: Importing

    /// Takes the lines of a statement, from the oldest or from the newest on. Those that are there already are known by
    /// their ids and skipped, so statements may overlap; all of the rest is taken or nothing.
    ///
    /// - Throws: `.invalid`, naming the line of the file; `.reconciliation` with `.lineDiffers`, `.order`, `.closed`, or
    ///   `.gap` where a stated balance is not what the lines come to.
    package func importStatement(_ given: [NewStatementLine], of sourceID: Int64, actor: LedgerActor) throws -> StatementImport {
        let source = try reconciliationSource(sourceID)
        guard !given.isEmpty, given.count <= NewStatementLine.maximumCount else {
            throw LedgerError.invalid(field: "lines", "A statement has 1 to \(NewStatementLine.maximumCount) lines; hand longer ones in in parts.")
        }
        for line in given { try check(line, source) }
        let lines = try identified(inOrder(given))
        _ = try memory.validate(db)
        var (balance, last) = try statementBalance(source, through: nil)
        let closed = try lastReconciliation(of: sourceID)?.asOf
        var fresh: [(line: NewStatementLine, id: String)] = []
        for (line, id) in lines {
            let known = try db.first(Self.findLine, sourceID, id) { row in
                (
                    id: row.int(0),
                    isSame: row.text(1) == line.bookedOn.description && row.int(2) == line.amount
                        && (line.balance == nil || row.isNull(3) || row.int(3) == line.balance) && row.text(4) == line.reference
                        && row.text(5) == line.details
                )
            }
            if let known {
                guard known.isSame else { throw LedgerError.reconciliation(.lineDiffers(place: line.place, line: known.id)) }
                continue
            }
            if let closed, line.bookedOn <= closed { throw LedgerError.reconciliation(.closed(through: closed)) }
            if let last, line.bookedOn < last { throw LedgerError.reconciliation(.order(place: line.place, line.bookedOn, last: last)) }
            last = line.bookedOn
            let (sum, overflow) = balance.addingReportingOverflow(line.amount)
            guard !overflow else { throw LedgerError.amountOverflow(account: source.account.code) }
            balance = sum
            if let stated = line.balance, stated != balance {
                let currency = source.account.currency
                throw LedgerError.reconciliation(
                    .gap(place: line.place, stated: Money(minor: stated, currency), computed: Money(minor: balance, currency)))
            }
            fresh.append((line, id))
        }
        let id = fresh.isEmpty ? nil : try store(fresh, source, actor)
        return StatementImport(
            id: id, added: fresh.count, known: lines.count - fresh.count, balance: Money(minor: balance, source.account.currency),
            through: last)
    }

    private func store(_ lines: [(line: NewStatementLine, id: String)], _ source: ReconciliationSource, _ actor: LedgerActor) throws -> Int64 {
        let id = try db.integer(Self.nextImport)
        let first = try db.integer(Self.nextLine)
        let time = recordingTime(after: try memory.head ?? memory.validate(db))
        try db.run(Self.insertImport, id, source.id, lines.count, time, actor.id)
        var bytes = CanonicalBytes(capacity: lines.count * 160)
        for (offset, (line, external)) in lines.enumerated() {
            let salt = memory.salt()
            let record = StatementLineRecord(
                id: first + Int64(offset), externalID: external, bookedOn: line.bookedOn.description, amount: line.amount,
                balance: line.balance, textDigest: StatementLineRecord.digest(line.reference, line.details, salt: salt))
            record.write(to: &bytes)
            try db.run(
                Self.insertLine, record.id, id, source.id, external, record.bookedOn, line.amount, line.balance, line.reference,
                line.details, salt, record.textDigest)
        }
        try record(.statementImported, subject: id, actor: actor, at: time) { json in
            json.member("source_id", source.id)
            json.member("first_line", first)
            json.member("lines", Int64(lines.count))
            json.member("digest", Digest.hex(bytes.digest()))
        }
        return id
    }

    private func check(_ line: NewStatementLine, _ source: ReconciliationSource) throws {
        func refuse(_ why: String) -> LedgerError { .invalid(field: "lines", "Line \(line.place) of the file \(why).") }
        guard line.amount != 0, line.amount.magnitude <= UInt64(NewLine.maximumAmount) else {
            throw refuse("has the amount \(line.amount); it is not zero, and at most \(NewLine.maximumAmount) minor units")
        }
        guard line.bookedOn >= source.from else { throw refuse("is of \(line.bookedOn), and the source begins on \(source.from)") }
        guard line.reference.utf8.count <= 500, line.details.utf8.count <= 1_000 else {
            throw refuse("is too long: a reference has up to 500 characters, a description 1,000")
        }
        guard line.externalID.map({ !$0.isEmpty && $0.utf8.count <= 200 }) ?? true else { throw refuse("has an id of more than 200 characters") }
    }

    /// The oldest first, whichever way they were handed in.
    private func inOrder(_ lines: [NewStatementLine]) throws -> [NewStatementLine] {
        let turned = Array(lines.reversed())
        if isOrderly(lines) { return lines }
        if isOrderly(turned) { return turned }
        guard let first = lines.first, let last = lines.last, first.bookedOn > last.bookedOn else { return lines }
        return turned
    }

    private func isOrderly(_ lines: [NewStatementLine]) -> Bool {
        zip(lines, lines.dropFirst()).allSatisfy { before, line in
            guard before.bookedOn <= line.bookedOn else { return false }
            guard let from = before.balance, let to = line.balance else { return true }
            return from.addingReportingOverflow(line.amount) == (to, false)
        }
    }

    /// Lines that have no id get one of what they say, and of how many like them came before on the day.
    private func identified(_ lines: [NewStatementLine]) throws -> [(line: NewStatementLine, id: String)] {
        var seen: [String: Int64] = [:]
        var taken: Set<String> = []
        return try lines.map { line in
            if let id = line.externalID {
                guard taken.insert(id).inserted else {
                    throw LedgerError.invalid(field: "lines", "Line \(line.place) of the file has the id “\(id.prefix(80))” of a line before it.")
                }
                return (line, id)
            }
            var bytes = CanonicalBytes()
            bytes.text(line.bookedOn.description)
            bytes.int(line.amount)
            bytes.text(line.reference)
            bytes.text(line.details)
            bytes.int(line.balance)  // tells lines apart that say the same otherwise
            let content = Digest.hex(bytes.digest())
            let count = seen[content, default: 0]
            seen[content] = count + 1
            bytes.int(count)
            return (line, "#" + Digest.hex(bytes.digest()).prefix(32))
        }
    }

    // MARK: Reading

    /// What the lines come to, and the last day that has one.
    func statementBalance(_ source: ReconciliationSource, through date: CalendarDate?) throws -> (minor: Int64, last: CalendarDate?) {
        let found = try db.first(Self.sumLines, source.id, date?.description ?? "9999-12-31") { row in
            (row.int(0), try row.optionalDate(1))
        }
        let (sum, overflow) = source.opening.minor.addingReportingOverflow(found?.0 ?? 0)
        guard !overflow else { throw LedgerError.amountOverflow(account: source.account.code) }
        return (sum, found?.1)
    }

    /// - Parameter isMatched: only those that are in a match, or in none; nil for all.
    package func importedLines(
        of sourceID: Int64, isMatched: Bool? = nil, through date: CalendarDate? = nil, after: Int64 = 0, limit: Int = 50
    ) throws -> [ImportedLine] {
        let currency = try reconciliationSource(sourceID).account.currency
        return try db.query(
            Self.selectLines, sourceID, after, limit, isMatched.map { $0 ? Int64(1) : 0 }, date?.description ?? "9999-12-31"
        ) { row in
            ImportedLine(
                id: row.int(0), externalID: row.text(1), bookedOn: try row.date(2), amount: Money(minor: row.int(3), currency),
                balance: row.optionalInt(4).map { Money(minor: $0, currency) }, reference: row.text(5), details: row.text(6),
                match: row.optionalInt(7))
        }
    }
}

/// What the event of an import is bound to.
struct StatementLineRecord {
    let id: Int64
    let externalID: String
    let bookedOn: String
    let amount: Int64
    let balance: Int64?
    /// Of reference and details, salted: they may name persons.
    let textDigest: [UInt8]

    static func digest(_ reference: String, _ details: String, salt: [UInt8]) -> [UInt8] {
        Leaf.privateText("\(reference.utf8.count):\(reference)\(details)", salt: salt)
    }

    func write(to bytes: inout CanonicalBytes) {
        bytes.int(id)
        bytes.text(externalID)
        bytes.text(bookedOn)
        bytes.int(amount)
        bytes.int(balance)
        bytes.blob(textDigest)
    }
}
