import Core
import Storage

extension Ledger {
    private static let selectReconciliations = SQL(
        """
        SELECT id, source_id, as_of, statement_minor, book_minor, unmatched_minor, known_entry_id, closed_at, actor_id
        FROM ledger_reconciliations WHERE id > ?1 AND (?2 IS NULL OR source_id = ?2) ORDER BY id LIMIT ?3
        """)
    private static let selectLast = SQL(
        """
        SELECT id, source_id, as_of, statement_minor, book_minor, unmatched_minor, known_entry_id, closed_at, actor_id
        FROM ledger_reconciliations WHERE source_id = ?1 ORDER BY as_of DESC LIMIT 1
        """)
    private static let nextReconciliation = SQL("SELECT coalesce(max(id), 0) + 1 FROM ledger_reconciliations")
    private static let insertReconciliation = SQL(
        """
        INSERT INTO ledger_reconciliations
          (id, source_id, as_of, statement_minor, book_minor, unmatched_minor, known_entry_id, closed_at, actor_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """)
    private static let sumUnmatchedStatement = SQL(
        """
        SELECT coalesce(sum(l.amount_minor), 0), count(*) FROM ledger_statement_lines l
        WHERE l.source_id = ?1 AND l.booked_on <= ?2 AND NOT EXISTS (
          SELECT 1 FROM ledger_match_statement_lines m JOIN ledger_matches x ON x.id = m.match_id
          WHERE m.statement_line_id = l.id AND m.is_active = 1 AND x.through_on <= ?2)
        """)

    // Lines of one account day by day: the index is by date first. `?3` is the last day, `?4` 1 for lines that are in no match
    // at all, 0 for those too whose match has a line after the last day.
    private static let unmatchedLines = """
        WITH RECURSIVE days (d) AS (
          SELECT min(effective_on) FROM ledger_lines WHERE effective_on >= ?2 AND effective_on <= ?3
          UNION ALL
          SELECT (SELECT min(effective_on) FROM ledger_lines WHERE effective_on > days.d AND effective_on <= ?3)
          FROM days WHERE days.d IS NOT NULL
        ), unmatched AS (
          SELECT l.entry_id, l.line_number, l.effective_on, l.debit_minor - l.credit_minor AS net
          FROM days CROSS JOIN ledger_lines l ON l.effective_on = days.d AND l.account_id = ?1
          WHERE NOT EXISTS (
            SELECT 1 FROM ledger_match_entry_lines m JOIN ledger_matches x ON x.id = m.match_id
            WHERE m.entry_id = l.entry_id AND m.line_number = l.line_number AND m.is_active = 1
              AND (?4 = 1 OR x.through_on <= ?3))
        )
        """
    private static let sumUnmatchedBook = SQL("\(unmatchedLines) SELECT coalesce(sum(net), 0), count(*) FROM unmatched")
    private static let selectUnmatchedBook = SQL(
        """
        \(unmatchedLines)
        SELECT u.entry_id, u.line_number, u.effective_on, u.net, e.kind, e.source_type, e.source_id, m.memo, e.idempotency_key
        FROM unmatched u CROSS JOIN ledger_entries e ON e.id = u.entry_id LEFT JOIN ledger_memos m ON m.entry_id = u.entry_id
        WHERE (u.effective_on, u.entry_id, u.line_number) > (?5, ?6, ?7)
        ORDER BY u.effective_on, u.entry_id, u.line_number LIMIT ?8
        """)

    /// Where a page of unmatched lines ended.
    package struct UnmatchedCursor: Sendable, Equatable {
        package let effectiveOn: CalendarDate
        package let reference: EntryLineReference

        package init(effectiveOn: CalendarDate, reference: EntryLineReference) {
            self.effectiveOn = effectiveOn
            self.reference = reference
        }
    }

    /// The lines of the books that no statement has, by day. A match counts once all of its lines are of that day or before.
    ///
    /// - Parameter isFree: only those that are in no match, whatever its days.
    /// Cost: reads the account's lines of all days from the first to the last.
    package func unmatchedEntryLines(
        of source: ReconciliationSource, from: CalendarDate? = nil, through date: CalendarDate, isFree: Bool = false,
        after: UnmatchedCursor? = nil, limit: Int = 50
    ) throws -> [UnmatchedEntryLine] {
        let sign: Int64 = source.account.normalSide == .debit ? 1 : -1
        let first = max(from ?? source.from, source.from)
        return try db.query(
            Self.selectUnmatchedBook, source.account.id, first, date, isFree ? 1 : 0, after?.effectiveOn.description ?? "",
            after?.reference.entry ?? 0, after?.reference.line ?? 0, limit
        ) { row in
            UnmatchedEntryLine(
                reference: EntryLineReference(entry: row.int(0), line: Int(row.int(1))), effectiveOn: try row.date(2), kind: row.text(4),
                source: row.optionalText(5).map { EntrySource(type: $0, id: row.int(6)) }, memo: row.optionalText(7),
                idempotencyKey: row.optionalText(8), amount: Money(minor: sign &* row.int(3), source.account.currency))
        }
    }

    /// How books and statement stand to each other at the end of a day. For every day:
    /// book = statement + what only the books have − what only the statement has, but for a difference in the opening.
    package func reconciliationBalance(of sourceID: Int64, asOf date: CalendarDate) throws -> ReconciliationBalance {
        let source = try reconciliationSource(sourceID)
        guard date >= source.from else {
            throw LedgerError.invalid(field: "as_of", "The source begins on \(source.from).")
        }
        let currency = source.account.currency
        let sign: Int64 = source.account.normalSide == .debit ? 1 : -1
        func net(_ movement: Movement) -> Money { Money(minor: sign &* (movement.debits &- movement.credits), currency) }
        let before = net(try movement(of: source.account.id, through: source.from.adding(days: -1)))
        let statement = try statementBalance(source, through: date).minor
        let onlyStatement = try db.first(Self.sumUnmatchedStatement, sourceID, date) { ($0.int(0), Int($0.int(1))) } ?? (0, 0)
        let onlyBook = try db.first(Self.sumUnmatchedBook, source.account.id, source.from, date, 0) { ($0.int(0), Int($0.int(1))) } ?? (0, 0)
        return ReconciliationBalance(
            source: source, asOf: date, statement: Money(minor: statement, currency),
            book: net(try movement(of: source.account.id, through: date)),
            unmatchedStatement: Money(minor: onlyStatement.0, currency), unmatchedStatementCount: onlyStatement.1,
            unmatchedBook: Money(minor: sign &* onlyBook.0, currency), unmatchedBookCount: onlyBook.1,
            openingDifference: Money(minor: before.minor &- source.opening.minor, currency))
    }

    // MARK: Closing

    /// Settles for ever that books and statement agree at the end of a day: every line of the statement is in the books, and
    /// what the books have besides is outstanding.
    ///
    /// - Parameter stated: the balance that the statement states for that day, in minor units.
    /// - Throws: `.invalid` for a day to come; `.reconciliation` with `.closed` for a day that is done, or `.differs`.
    package func closeReconciliation(
        of sourceID: Int64, asOf date: CalendarDate, statementBalance stated: Int64, actor: LedgerActor
    ) throws -> Reconciliation {
        // In the business's own zone today may have begun already.
        guard date <= (try clock.now().utcDate.adding(days: 1)) else {
            throw LedgerError.invalid(field: "as_of", "\(date) is still to come.")
        }
        if let last = try lastReconciliation(of: sourceID)?.asOf, date <= last { throw LedgerError.reconciliation(.closed(through: last)) }
        let balance = try reconciliationBalance(of: sourceID, asOf: date)
        func differs(_ what: String, _ difference: Int64) -> LedgerError {
            .reconciliation(.differs(what, difference: Money(minor: difference, balance.statement.currency)))
        }
        guard stated == balance.statement.minor else {
            let given = Money(minor: stated, balance.statement.currency)
            throw differs(
                "The statement states \(given) on \(date), and its lines come to \(balance.statement); import what is missing.",
                stated &- balance.statement.minor)
        }
        guard balance.openingDifference.minor == 0 else {
            throw differs(
                "Before \(balance.source.from) the books stood \(balance.openingDifference) off the opening balance of the statement.",
                balance.openingDifference.minor)
        }
        guard balance.unmatchedStatementCount == 0 else {
            throw differs(
                "\(balance.unmatchedStatementCount) lines of the statement up to \(date) are not in the books; they come to \(balance.unmatchedStatement).",
                balance.unmatchedStatement.minor)
        }
        guard balance.isReconciled else {
            throw LedgerError.damaged("the matches of source \(sourceID) do not explain its balance on \(date)")
        }
        let head = try memory.validate(db)
        let id = try db.integer(Self.nextReconciliation)
        let time = recordingTime(after: head)
        try db.run(
            Self.insertReconciliation, id, sourceID, date, balance.statement.minor, balance.book.minor, balance.unmatchedBook.minor,
            head.entry, time, actor.id)
        try record(.reconciliationClosed, subject: id, actor: actor, at: time) { json in
            json.member("source_id", sourceID)
            json.member("as_of", date.description)
            json.member("statement", balance.statement.minor)
            json.member("book", balance.book.minor)
            json.member("unmatched", balance.unmatchedBook.minor)
        }
        return Reconciliation(
            id: id, source: sourceID, asOf: date, statementBalance: balance.statement, bookBalance: balance.book,
            unmatchedBook: balance.unmatchedBook, knownEntry: head.entry, closedAt: try Instant(time), actorID: actor.id)
    }

    /// In the order in which they were closed.
    package func reconciliations(of sourceID: Int64? = nil, after: Int64 = 0, limit: Int = 50) throws -> [Reconciliation] {
        try db.query(Self.selectReconciliations, after, sourceID, limit) { try reconciliation($0) }
    }

    func lastReconciliation(of sourceID: Int64) throws -> Reconciliation? {
        try db.first(Self.selectLast, sourceID) { try reconciliation($0) }
    }

    private func reconciliation(_ row: Row) throws -> Reconciliation {
        let currency = try reconciliationSource(row.int(1)).account.currency
        return Reconciliation(
            id: row.int(0), source: row.int(1), asOf: try row.date(2), statementBalance: Money(minor: row.int(3), currency),
            bookBalance: Money(minor: row.int(4), currency), unmatchedBook: Money(minor: row.int(5), currency),
            knownEntry: row.int(6), closedAt: try row.instant(7), actorID: row.int(8))
    }
}
