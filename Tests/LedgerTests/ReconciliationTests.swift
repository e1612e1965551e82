import Core
import Storage
import Testing

@testable import Ledger

/// LG-63: statements of banks and operators, and how the books agree with them.
@Suite struct ReconciliationTests {
    let book: Book
    let source: ReconciliationSource

    /// Bank holds 1,000 from December; the statements begin with January.
    init() throws {
        book = try Book()
        try book.post("2025-12-31", .debit("1100", 1_000), .credit("3000", 1_000))
        source = try book.write { [book] in
            try $0.defineReconciliationSource(
                name: "GCB 1441", account: "1100", from: .of("2026-01-01"), opening: 1_000, actor: book.user)
        }
    }

    private func line(
        _ date: String, _ amount: Int64, _ reference: String = "", id: String? = nil, balance: Int64? = nil, place: Int = 2
    ) -> NewStatementLine {
        NewStatementLine(bookedOn: .of(date), amount: amount, externalID: id, reference: reference, balance: balance, place: place)
    }

    @discardableResult
    private func take(_ lines: NewStatementLine...) throws -> StatementImport {
        try book.write { try $0.importStatement(lines, of: source.id, actor: book.user) }
    }

    @discardableResult
    private func match(_ lines: [Int64], _ entries: (Int64, Int)...) throws -> Match {
        try book.write {
            try $0.match(lines, with: entries.map { EntryLineReference(entry: $0.0, line: $0.1) }, of: source.id, actor: book.user)
        }
    }

    private func close(_ date: String, _ balance: Int64) throws -> Reconciliation {
        try book.write { try $0.closeReconciliation(of: source.id, asOf: .of(date), statementBalance: balance, actor: book.user) }
    }

    private func balance(_ date: String) throws -> ReconciliationBalance {
        try book.read { try $0.reconciliationBalance(of: source.id, asOf: .of(date)) }
    }

    private func verified() throws -> [VerifyProblem] { try book.read { try $0.verify().problems } }

    // MARK: Sources and statements

    @Test func `an account has one source, under a name of its own`() throws {
        func define(_ name: String, _ account: AccountReference, opening: Int64 = 0) -> (Ledger) throws -> Void {
            { [book] in _ = try $0.defineReconciliationSource(name: name, account: account, from: .of("2026-01-01"), opening: opening, actor: book.user) }
        }
        try book.expectRefusal("ledger.reconciliation_source_exists", define("GCB 1441", "1000"))
        try book.expectRefusal("ledger.reconciliation_source_exists", define("Other", "1100"))
        try book.expectRefusal("ledger.invalid", define("Other", "1200"))
        try book.expectRefusal("ledger.invalid", define(" ", "1000"))
        try book.expectRefusal("ledger.invalid", define("Other", "1000", opening: NewLine.maximumAmount + 1))
        try book.expectRefusal("ledger.account_unknown", define("Other", "9"))
        try book.expectRefusal("ledger.reconciliation_source_unknown") { _ = try $0.reconciliationSource(7) }
        #expect(try book.read { try $0.reconciliationSources() } == [source])
    }

    @Test func `statements may overlap and come either way round, and what they say stays`() throws {
        let first = try take(line("2026-01-02", 500, "A", balance: 1_500), line("2026-01-03", -200, "B", balance: 1_300))
        #expect(first == StatementImport(id: 1, added: 2, known: 0, balance: Money(minor: 1_300, Book.ghs), through: .of("2026-01-03")))
        // The newest first, with one that is known.
        let second = try take(line("2026-01-05", 7, "D", balance: 1_314), line("2026-01-05", 7, "D", balance: 1_307), line("2026-01-03", -200, "B", balance: 1_300))
        #expect(second.added == 2)
        #expect(second.known == 1)
        #expect(second.balance.minor == 1_314)
        // Another like it later on the day, in a statement that begins there.
        let again = try take(line("2026-01-05", 7, "D", balance: 1_321))
        #expect(again.added == 1)
        let known = try take(line("2026-01-05", 7, "D", balance: 1_314), line("2026-01-05", 7, "D", balance: 1_321))
        #expect(known.id == nil)
        #expect(known.known == 2)
        // One day alone, the newest first: only the balances tell.
        try take(line("2026-01-06", 2, "F", balance: 1_330), line("2026-01-06", 7, "E", balance: 1_328))
        let lines = try book.read { try $0.importedLines(of: source.id) }
        #expect(lines.map(\.amount.minor) == [500, -200, 7, 7, 7, 7, 2])
        #expect(lines.map { $0.balance?.minor } == [1_500, 1_300, 1_307, 1_314, 1_321, 1_328, 1_330])
        #expect(Set(lines.map(\.externalID)).count == 7)
        #expect(try verified() == [])
    }

    @Test func `a statement that does not fit is refused whole, and says at which line`() throws {
        try take(line("2026-01-05", 500, id: "T1", balance: 1_500))
        func refusal(_ code: String, _ lines: NewStatementLine..., says part: String) throws {
            let error = try book.expectRefusal(code) { _ = try $0.importStatement(lines, of: source.id, actor: book.user) }
            #expect(error?.detail.contains(part) == true, "\(error?.detail ?? "")")
        }
        let good = line("2026-01-06", 1, id: "T2")
        try refusal("ledger.statement_line_differs", good, line("2026-01-05", 501, id: "T1", place: 3), says: "Line 3")
        try refusal("ledger.statement_line_differs", good, line("2026-01-05", 500, "x", id: "T1", place: 3), says: "Line 3")
        try refusal("ledger.statement_order", line("2026-01-04", 5, id: "T0"), says: "2026-01-04")
        try refusal("ledger.statement_gap", good, line("2026-01-07", 5, id: "T3", balance: 1_600, place: 9), says: "line 9 of the file the balance is 16.00 GHS by the statement and 15.06 GHS")
        try refusal("ledger.statement_gap", line("2026-01-07", 5, id: "T3", balance: 1_506), says: "15.05 GHS by its lines")
        try refusal("ledger.invalid", good, line("2026-01-07", 0, place: 4), says: "Line 4")
        try refusal("ledger.invalid", good, line("2025-12-31", 5, place: 4), says: "begins on 2026-01-01")
        try refusal("ledger.invalid", good, good, says: "“T2”")
        try refusal("ledger.invalid", line("2026-01-07", 5, String(repeating: "x", count: 501)), says: "too long")
        try book.expectRefusal("ledger.invalid") { _ = try $0.importStatement([], of: source.id, actor: book.user) }
        try book.expectRefusal("ledger.reconciliation_source_unknown") { _ = try $0.importStatement([good], of: 9, actor: book.user) }
        #expect(try take(good).added == 1)
    }

    @Test func `lines of statements are never changed or removed`() throws {
        try take(line("2026-01-05", 500))
        for change in ["UPDATE ledger_statement_lines SET amount_minor = 1", "DELETE FROM ledger_statement_lines"] {
            for guarded in [true, false] {
                if !guarded { book.db.authorize(nil) }
                #expect(throws: StorageError.self) { try book.db.run(SQL(change)) }
                book.db.authorize(LedgerTables.keepsHistory)
            }
        }
    }

    // MARK: Matches

    @Test func `lines are matched many to many where their sums are equal, once each, and may be taken apart`() throws {
        try book.post("2026-01-02", .debit("1100", 300), .credit("4000", 300))  // 2
        try book.post("2026-01-02", .debit("1100", 200), .credit("4000", 200))  // 3
        try book.post("2026-01-04", .credit("1100", 50), .debit("5000", 50))  // 4
        try take(line("2026-01-03", 500), line("2026-01-04", -50), line("2026-01-04", 9), line("2026-01-05", -9))
        func refusal(_ code: String, _ lines: [Int64], _ entries: (Int64, Int)...) throws {
            try book.expectRefusal(code) {
                try $0.match(lines, with: entries.map { EntryLineReference(entry: $0.0, line: $0.1) }, of: source.id, actor: book.user)
            }
        }
        try refusal("ledger.match_unequal", [1], (2, 1))
        try refusal("ledger.match_unequal", [2], (2, 1))
        try refusal("ledger.match_line_unknown", [1], (2, 2))  // another account
        try refusal("ledger.match_line_unknown", [1], (1, 1))  // before the source begins
        try refusal("ledger.match_line_unknown", [77], (2, 1))
        try refusal("ledger.match_line_unknown", [1], (77, 1))
        try refusal("ledger.invalid", [1])
        try refusal("ledger.invalid", [1, 1], (2, 1))
        let whole = try match([1, 2], (2, 1), (3, 1), (4, 1))
        #expect(whole.through == .of("2026-01-04"))
        #expect(try match([3, 4]).entryLines == [])
        try book.post("2026-01-05", .debit("1100", 450), .credit("4000", 450))  // 5
        try refusal("ledger.line_matched", [1, 2], (5, 1))
        try refusal("ledger.line_matched", [3], (2, 1))
        try book.write { try $0.unmatch(whole.id, reason: "too coarse", actor: book.user) }
        try book.expectRefusal("ledger.match_ended") { try $0.unmatch(whole.id, reason: "again", actor: book.user) }
        try book.expectRefusal("ledger.match_unknown") { try $0.unmatch(99, reason: "again", actor: book.user) }
        try book.expectRefusal("ledger.invalid") { try $0.unmatch(2, reason: " ", actor: book.user) }
        try match([2], (4, 1))
        try match([1], (2, 1), (3, 1))
        let matches = try book.read { try $0.matches(of: source.id) }
        #expect(matches.map(\.isActive) == [false, true, true, true])
        #expect(try book.read { try $0.matches(of: source.id, isActive: false) } == [matches[0]])
        #expect(try book.read { try $0.importedLines(of: source.id).map(\.match) } == [4, 3, 2, 2])
        #expect(try book.read { try $0.importedLines(of: source.id, isMatched: false) } == [])
        #expect(try verified() == [])
    }

    @Test func `another source's lines are not there`() throws {
        try book.post("2026-01-02", .debit("1000", 300), .credit("4000", 300))
        let till = try book.write {
            try $0.defineReconciliationSource(name: "Till", account: "1000", from: .of("2026-01-01"), opening: 0, actor: book.user)
        }
        try take(line("2026-01-02", 300))
        try book.expectRefusal("ledger.match_line_unknown") {
            try $0.match([1], with: [EntryLineReference(entry: 2, line: 1)], of: till.id, actor: book.user)
        }
    }

    // MARK: Proposals

    @Test func `proposals name the surest match of each line and write nothing`() throws {
        func post(_ date: String, _ amount: Int64, memo: String? = nil, source: EntrySource? = nil) throws {
            var entry = try book.entry(date, [.debit("1100", amount), .credit("4000", amount)], kind: "sale")
            entry.memo = memo
            entry.source = source
            try book.write { try $0.post(entry) }
        }
        try post("2026-01-02", 700)  // 2: the nearer day
        try post("2026-01-06", 700, memo: "Invoice INV-2026-000017 for Ama")  // 3: is named
        try post("2026-01-05", 700)  // 4
        try post("2026-01-08", 10)  // 5 and 6: one day
        try post("2026-01-08", 25)
        try post("2026-01-20", 90)  // 7: too far
        try post("2026-01-09", 35)  // 8: takes no part of the day's sum
        try take(
            line("2026-01-02", 700, "INV-2026-000017"), line("2026-01-03", 700), line("2026-01-05", 700), line("2026-01-09", 90),
            line("2026-01-10", 35, "JE-000008"), line("2026-01-11", 35))
        let before = try book.contents()
        let proposals = try book.read { try $0.proposeMatches(of: source.id) }
        #expect(proposals.map { "\($0.statementLine) \($0.kind) \($0.entryLines.map(\.entry)) \($0.daysApart)" } == [
            "1 reference [3] 4", "2 amount [2] 1", "3 amount [4] 0", "5 reference [8] 1", "6 day [5, 6] 3",
        ])
        #expect(try book.contents() == before)
        #expect(try book.read { try $0.proposeMatches(of: source.id, days: 20) }.contains { $0.statementLine == 4 })
        #expect(try book.read { try $0.proposeMatches(of: source.id, days: 0) }.map(\.statementLine) == [1, 3])
        for proposal in proposals {
            try book.write {
                try $0.match([proposal.statementLine], with: proposal.entryLines, of: source.id, kind: proposal.kind, actor: book.user)
            }
        }
        #expect(try book.read { try $0.proposeMatches(of: source.id) } == [])
        #expect(try verified() == [])
        try book.expectRefusal("ledger.invalid") { _ = try $0.proposeMatches(of: source.id, days: 61) }
    }

    // MARK: Balances and closing

    @Test func `the balance of a day names what only one side has, and closes when only the books have more`() throws {
        try book.post("2026-01-02", .debit("1100", 300), .credit("4000", 300))  // 2: on the statement of the 5th
        try book.post("2026-01-04", .credit("1100", 40), .debit("5000", 40))  // 3: a cheque that nobody has cashed
        try take(line("2026-01-05", 300, balance: 1_300), line("2026-01-05", -5, "Charge", balance: 1_295))
        let open = try balance("2026-01-05")
        #expect([open.statement.minor, open.book.minor, open.unmatchedStatement.minor, open.unmatchedBook.minor] == [1_295, 1_260, 295, 260])
        #expect([open.unmatchedStatementCount, open.unmatchedBookCount] == [2, 2])
        #expect(open.difference == 0)
        #expect(!open.isReconciled)
        try book.expectRefusal("ledger.reconciliation_differs") {
            _ = try $0.closeReconciliation(of: source.id, asOf: .of("2026-01-05"), statementBalance: 1_295, actor: book.user)
        }
        let first = try match([1], (2, 1))
        // On the 3rd the statement had nothing yet.
        let earlier = try balance("2026-01-03")
        #expect([earlier.statement.minor, earlier.book.minor, earlier.unmatchedBook.minor] == [1_000, 1_300, 300])
        try book.post("2026-01-05", .credit("1100", 5), .debit("5000", 5))  // 4: the charge
        try match([2], (4, 1))
        try book.expectRefusal("ledger.reconciliation_differs") {  // not what the statement says
            _ = try $0.closeReconciliation(of: source.id, asOf: .of("2026-01-05"), statementBalance: 1_294, actor: book.user)
        }
        try book.expectRefusal("ledger.invalid") {
            _ = try $0.closeReconciliation(of: source.id, asOf: .of("2026-02-05"), statementBalance: 1_295, actor: book.user)
        }
        let closed = try close("2026-01-05", 1_295)
        #expect([closed.statementBalance.minor, closed.bookBalance.minor, closed.unmatchedBook.minor] == [1_295, 1_255, -40])
        #expect(closed.knownEntry == 4)
        #expect(try book.read { try $0.unmatchedEntryLines(of: source, through: .of("2026-01-05")) }.map(\.reference.entry) == [3])

        // For ever.
        try book.expectRefusal("ledger.reconciliation_closed") { try $0.unmatch(first.id, reason: "no", actor: book.user) }
        try book.expectRefusal("ledger.reconciliation_closed") { _ = try $0.importStatement([line("2026-01-05", 1)], of: source.id, actor: book.user) }
        for day in ["2026-01-05", "2026-01-02"] {
            try book.expectRefusal("ledger.reconciliation_closed") {
                _ = try $0.closeReconciliation(of: source.id, asOf: .of(day), statementBalance: 1_295, actor: book.user)
            }
        }
        // The cheque comes in the next month of statements, and what is booked late into the past is outstanding.
        try take(line("2026-01-10", -40, balance: 1_255))
        try match([3], (3, 1))
        try book.post("2026-01-02", .debit("1100", 1), .credit("4000", 1))
        #expect(try balance("2026-01-10").unmatchedBook.minor == 1)
        #expect(try close("2026-01-10", 1_255).unmatchedBook.minor == 1)
        #expect(try book.read { try $0.reconciliations(of: source.id) }.map(\.asOf) == [.of("2026-01-05"), .of("2026-01-10")])
        #expect(try book.read { try $0.reconciliations() }[0] == closed)
        #expect(try verified() == [])
    }

    @Test func `books that did not agree at the opening do not close`() throws {
        try book.post("2025-12-30", .debit("1100", 70), .credit("3000", 70))
        let state = try balance("2026-01-05")
        #expect(state.openingDifference.minor == 70)
        #expect(state.difference == 70)
        let error = try book.expectRefusal("ledger.reconciliation_differs") {
            _ = try $0.closeReconciliation(of: source.id, asOf: .of("2026-01-05"), statementBalance: 1_000, actor: book.user)
        }
        #expect(error?.detail.contains("0.70") == true)
    }

    @Test func `an account that grows by credits is reconciled the other way round`() throws {
        let card = try book.write {
            try $0.defineReconciliationSource(name: "Card", account: "2000", from: .of("2026-01-01"), opening: 0, actor: book.user)
        }
        try book.post("2026-01-02", .credit("2000", 80), .debit("5000", 80))
        _ = try book.write { try $0.importStatement([line("2026-01-03", 80, balance: 80)], of: card.id, actor: book.user) }
        let proposals = try book.read { try $0.proposeMatches(of: card.id) }
        #expect(proposals.map(\.kind) == [.amount])
        try book.write { try $0.match([1], with: proposals[0].entryLines, of: card.id, actor: book.user) }
        _ = try book.write { try $0.closeReconciliation(of: card.id, asOf: .of("2026-01-03"), statementBalance: 80, actor: book.user) }
        #expect(try verified() == [])
    }

    /// LG-63: statement balance + unmatched = book balance on any date.
    @Test(arguments: [1, 2, UInt64.random(in: 0...UInt64.max)])
    func `on any date the books are the statement and what is unmatched`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var day = try CalendarDate("2026-01-01")
        for _ in 0..<60 {
            if random.below(3) == 0 { day = try day.adding(days: 1) }
            switch random.below(5) {
            case 0, 1:
                let amount = Int64(random.below(4) + 1) * 100
                let lines: [NewLine] =
                    random.below(2) == 0 ? [.debit("1100", amount), .credit("4000", amount)] : [.credit("1100", amount), .debit("5000", amount)]
                let date = try day.adding(days: -random.below(3))
                try book.write { try $0.post(book.entry(max(date, source.from).description, lines)) }
            case 2:
                let amount = (Int64(random.below(4)) + 1) * (random.below(2) == 0 ? 100 : -100)
                try take(line(day.description, amount))
            case 3:
                for proposal in try book.read({ try $0.proposeMatches(of: source.id) }) where random.below(2) == 0 {
                    try book.write {
                        try $0.match([proposal.statementLine], with: proposal.entryLines, of: source.id, kind: proposal.kind, actor: book.user)
                    }
                }
            default:
                let matches = try book.read { try $0.matches(of: source.id, isActive: true) }
                guard !matches.isEmpty else { continue }
                let chosen = random.pick(matches)
                try book.write { try $0.unmatch(chosen.id, reason: "random", actor: book.user) }
            }
        }
        for offset in 0..<30 {
            let balance = try balance(source.from.adding(days: offset).description)
            #expect(balance.difference == 0, "seed \(seed), \(balance.asOf)")
            #expect(
                balance.book.minor == balance.statement.minor + balance.unmatchedBook.minor - balance.unmatchedStatement.minor,
                "seed \(seed), \(balance.asOf)")
            let listed = try book.read { try $0.unmatchedEntryLines(of: source, through: balance.asOf, limit: 1_000) }
            #expect(listed.reduce(0) { $0 + $1.amount.minor } == balance.unmatchedBook.minor, "seed \(seed), \(balance.asOf)")
        }
        #expect(try verified() == [], "seed \(seed)")
    }
}
