import Core
import Foundation
import Storage
import Testing

@testable import Ledger

@Suite struct VerifyTests {
    let book: Book
    let checkpoint: Checkpoint

    init() throws { (book, checkpoint) = try Book.rich() }

    @Test func `sound books are found sound, by a neighbour who trusts nothing`() throws {
        let report = try book.read { try $0.verify() }
        #expect(report.problems == [])
        #expect(report.entries == 12)
        #expect(report.lines > 24)
        #expect(report.accounts == 12)
        let quick = try book.read { try $0.verify(full: false) }
        #expect(quick.problems == [])
        #expect(quick.entries == 1)  // since the checkpoint
        #expect(quick.head == report.head)
    }

    /// LG-40 and what the tables are made of: no field of any row of any table can be changed without being found.
    @Test func `every field of every table is covered`() throws {
        let free: Set = ["ledger_checkpoints.id", "ledger_books.id"]  // order and a constant, no content
        let tables = try book.db.query(
            SQL("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'ledger_%' ORDER BY name")) { $0.text(0) }
        #expect(tables == LedgerTestTables.all)
        var flips = 0
        for table in tables {
            let columns = try book.db.query(SQL("SELECT name, type FROM pragma_table_info('\(table)')")) { ($0.text(0), $0.text(1)) }
            let count = try book.db.integer(SQL("SELECT count(*) FROM \(table)"))
            #expect(count > 0, "\(table) has no row to flip")
            for (column, type) in columns where !free.contains("\(table).\(column)") {
                for row in Set([0, count / 2, count - 1]) {
                    let problems = try book.tampered { try Self.flip($0, table, column, type, columns.map(\.0), row) }
                    #expect(!problems.isEmpty, "\(table).\(column) of row \(row)")
                    flips += 1
                }
            }
        }
        #expect(flips > 250)
    }

    private static func flip(
        _ db: Connection, _ table: String, _ column: String, _ type: String, _ columns: [String], _ row: Int64
    ) throws {
        let field = "t.\(column)"
        let flipped =
            switch type {
            case "INTEGER": "iif(\(field) IS NULL, 1, \(field) + 1000000)"
            case "BLOB":
                """
                CAST(iif(\(field) IS NULL, zeroblob(32),
                  iif(substr(\(field), 1, 1) = x'00', x'01', x'00') || substr(\(field), 2)) AS BLOB)
                """
            default: "iif(\(field) IS NULL, 'x', iif(substr(\(field), 1, 1) = 'z', 'y', 'z') || substr(\(field), 2))"
            }
        let isSame = columns.map { "t.\($0) IS s.\($0)" }.joined(separator: " AND ")
        try db.run(
            SQL(
                """
                UPDATE \(table) AS t SET \(column) = \(flipped)
                FROM (SELECT * FROM \(table) ORDER BY 1, 2 LIMIT 1 OFFSET \(row)) AS s WHERE \(isSame)
                """))
        #expect(db.changes == 1, "\(table).\(column)")
    }

    @Test func `no row can be taken away or added`() throws {
        for table in LedgerTestTables.all where table != "ledger_checkpoints" && table != "ledger_books" {
            let problems = try book.tampered { db in
                try db.run(SQL("DELETE FROM \(table) WHERE \(LedgerTestTables.firstRow(of: table))"))
                #expect(db.changes == 1)
            }
            #expect(!problems.isEmpty, "a row of \(table) is gone")
        }
        let added = try book.tampered { db in
            try db.run(SQL("INSERT INTO ledger_lines SELECT entry_id, 4, account_id, effective_on, 1, 0, NULL, NULL FROM ledger_lines WHERE entry_id = 3 AND line_number = 1"))
        }
        #expect(added.contains { $0.place == "entry 3" })
    }

    @Test(arguments: [
        ("UPDATE ledger_lines SET debit_minor = debit_minor + 1 WHERE entry_id = 4 AND line_number = 1", "unbalanced", "entry 4"),
        ("UPDATE ledger_entries SET recorded_at = '2020-01-01T00:00:00.000Z' WHERE id = 7", "time", "entry 7"),
        ("DELETE FROM ledger_entries WHERE id = 8", "numbering", "entry 9"),
        ("UPDATE ledger_entries SET reverses_id = 1 WHERE id = 6", "entry", "entry 6"),
        ("UPDATE ledger_balances SET posted_debits_minor = posted_debits_minor + 1 WHERE account_id = 1", "balance", "ledger_balances 1 (1000)"),
        ("UPDATE ledger_days SET credit_minor = credit_minor + 1 WHERE effective_on = '2025-12-20' AND account_id = 1", "day", "ledger_days 2025-12-20 1"),
        ("UPDATE ledger_memos SET memo = 'other' WHERE entry_id = 3", "text", "entry 3"),
        ("DELETE FROM ledger_memos WHERE entry_id = 3", "text", "ledger_memos 3"),
        ("UPDATE ledger_accounts SET overdraft_minor = 9 WHERE code = '1200:c1'", "account", "ledger_accounts 9"),
        ("UPDATE ledger_accounts SET name = 'x' WHERE code = '1000'", "text", "ledger_accounts 1"),
        ("UPDATE ledger_holds SET state = 'voided' WHERE id = 1", "hold", "ledger_holds 1"),
        ("UPDATE ledger_hold_lines SET captured_minor = 0 WHERE hold_id = 1 AND line_number = 2", "hold", "ledger_hold_lines 1 2"),
        ("UPDATE ledger_periods SET state = 'open' WHERE month = '2026-01'", "period", "ledger_periods \"2026-01\""),
        ("UPDATE ledger_period_balances SET debit_minor = 1 WHERE account_id = 1", "period", "ledger_period_balances \"2025-12\" 1"),
        ("UPDATE ledger_series_segments SET next = next - 1 WHERE id = 1", "series", "ledger_series_segments 1"),
        ("UPDATE ledger_statement_lines SET amount_minor = amount_minor + 1 WHERE id = 2", "reconciliation", "event"),
        ("UPDATE ledger_statement_lines SET details = 'x' WHERE id = 2", "text", "ledger_statement_lines 2"),
        ("UPDATE ledger_matches SET is_active = 1 WHERE id = 1", "reconciliation", "ledger_matches 1"),
        ("DELETE FROM ledger_match_entry_lines WHERE match_id = 2", "reconciliation", "ledger_match_entry_lines 2 8 1"),
        ("UPDATE ledger_reconciliations SET book_minor = 0", "reconciliation", "ledger_reconciliations 1"),
        ("UPDATE ledger_events SET reason = 'nicer' WHERE kind = 'period.closed' AND reason IS NOT NULL", "chain", "event"),
        ("UPDATE ledger_checkpoints SET head = zeroblob(32)", "checkpoint", "checkpoint at entry 11"),
    ])
    func `a break is found and its place is named`(sql: String, kind: String, place: String) throws {
        let problems = try book.tampered { db in
            try db.run(SQL(sql))
            #expect(db.changes >= 1)
        }
        #expect(problems.contains { $0.kind.rawValue == kind && $0.place.contains(place) }, "\(problems)")
    }

    /// LG-43: what the file alone cannot tell.
    @Test func `a tail that was cut off is found by the checkpoint that was kept elsewhere`() throws {
        #expect(try book.read { try $0.verify(against: checkpoint, signedBy: Book.key.verifyingKey) } == [])
        var found: [VerifyProblem] = []
        _ = try book.tampered { db in
            try db.run(SQL("DELETE FROM ledger_events WHERE after_entry_id >= 10"))
            try db.run(SQL("DELETE FROM ledger_entries WHERE id > 10"))
            try db.run(SQL("DELETE FROM ledger_lines WHERE entry_id > 10"))
            try db.run(SQL("DELETE FROM ledger_checkpoints"))
            found = try Ledger(db, clock: book.clock).verify(against: checkpoint, signedBy: Book.key.verifyingKey)
        }
        #expect(found.map(\.kind) == [.checkpoint])
        #expect(found.first?.detail.contains("missing") == true)
    }

    @Test func `books that were rewritten whole are sound in themselves, and found by the checkpoint`() throws {
        var found: [VerifyProblem] = []
        let problems = try book.tampered { db in
            // 700 was spent; now it is 7, everywhere, under a chain made anew.
            try db.run(SQL("UPDATE ledger_lines SET debit_minor = 7 WHERE entry_id = 2 AND debit_minor = 700"))
            try db.run(SQL("UPDATE ledger_lines SET credit_minor = 7 WHERE entry_id = 2 AND credit_minor = 700"))
            try db.run(SQL("UPDATE ledger_balances SET posted_debits_minor = posted_debits_minor - 693 WHERE account_id = 7"))
            try db.run(SQL("UPDATE ledger_balances SET posted_credits_minor = posted_credits_minor - 693 WHERE account_id = 1"))
            try db.run(SQL("UPDATE ledger_days SET debit_minor = 7 WHERE debit_minor = 700"))
            try db.run(SQL("UPDATE ledger_days SET credit_minor = 7 WHERE credit_minor = 700"))
            try db.run(SQL("UPDATE ledger_period_balances SET debit_minor = debit_minor - 693 WHERE account_id = 7"))
            try db.run(SQL("UPDATE ledger_period_balances SET credit_minor = credit_minor - 693 WHERE account_id = 1"))
            let rows = try db.query(SQL("SELECT account_id, debit_minor, credit_minor FROM ledger_period_balances ORDER BY 1")) {
                (account: $0.int(0), sums: Movement(debits: $0.int(1), credits: $0.int(2)))
            }
            try db.run(
                SQL("UPDATE ledger_events SET payload = json_set(payload, '$.trial_balance_digest', ?) WHERE kind = 'period.locked'"),
                Digest.hex(Ledger.digest(ofBalances: rows)))
            try db.run(SQL("DELETE FROM ledger_checkpoints"))
            try rechain(db)
            found = try Ledger(db, clock: book.clock).verify(against: checkpoint, signedBy: Book.key.verifyingKey)
        }
        #expect(problems == [])
        #expect(found.map(\.kind) == [.checkpoint])
    }

    /// Matches and reconciliations that break a rule, under a chain that was made anew and tables that say the same.
    @Test(arguments: [
        (["statement_lines", "[2]"], "reconciliation.matched", 2, "come to"),
        (["entry_lines", "[[1,1]]"], "reconciliation.matched", 2, "There is no line 1 of entry 1"),
        (["statement_lines", "[1,2,3]"], "reconciliation.matched", 3, "is in match 2 already"),
        (["statement_lines", "[2,9]"], "reconciliation.matched", 3, "is not of source 1"),
        (["statement", "-15199"], "reconciliation.closed", 1, "says that the statement stood at"),
        (["book", "-15199"], "reconciliation.closed", 1, "says that the books stood at"),
        (["unmatched", "7"], "reconciliation.closed", 1, "was outstanding"),
        (["as_of", "\"2026-01-06\""], "reconciliation.closed", 1, "says that the statement stood at"),
        (["opening", "5"], "reconciliation.source_defined", 1, "The books stood at"),
        (["from", "\"2026-01-08\""], "reconciliation.source_defined", 1, "too early"),
        (["first_line", "2"], "reconciliation.statement_imported", 1, "should come here"),
    ])
    func `a reconciliation that breaks a rule is found under a chain made anew`(
        change: [String], kind: String, subject: Int, says part: String
    ) throws {
        let problems = try book.tampered { db in
            try db.run(
                SQL("UPDATE ledger_events SET payload = json_set(payload, '$.\(change[0])', json(?)) WHERE kind = ? AND subject_id = ?"),
                change[1], kind, subject)
            #expect(db.changes >= 1)
            try rechain(db)
        }
        #expect(problems.contains { $0.kind == .reconciliation && $0.detail.contains(part) }, "\(problems)")
    }

    /// A match that was taken back although it was reconciled, by someone who knows how the chain is made.
    @Test func `what was reconciled and taken back is found`() throws {
        let problems = try book.tampered { db in
            try db.run(
                SQL(
                    """
                    INSERT INTO ledger_events SELECT (SELECT max(id) + 1 FROM ledger_events), (SELECT max(id) FROM ledger_entries), kind, 2,
                      payload, actor_id, actor, reason, (SELECT max(recorded_at) FROM ledger_entries), digest
                    FROM ledger_events WHERE kind = 'reconciliation.unmatched'
                    """))
            for table in ["ledger_matches SET is_active = 0 WHERE id", "ledger_match_statement_lines SET is_active = 0 WHERE match_id", "ledger_match_entry_lines SET is_active = 0 WHERE match_id"] {
                try db.run(SQL("UPDATE \(table) = 2"))
            }
            try rechain(db)
        }
        #expect(problems.map(\.detail) == ["Match 2 was reconciled through 2026-01-10."])
    }

    /// What someone would do who knows how the chain is made.
    private func rechain(_ db: Connection) throws {
        var links: [(entry: Bool, id: Int64, digest: [UInt8])] = []
        var head = Leaf.genesis(book: try Head.bookID(db))
        var bytes = CanonicalBytes()
        var walk = ChainWalk(db, head: head)
        try walk.run(problem: { _ in }) { link, position, _ in
            switch link {
            case .entry(let stored, let lines):
                Leaf.beginEntry(stored.record, lineCount: lines.count, previous: head, into: &bytes)
                for line in lines { Leaf.line(line, into: &bytes) }
                head = bytes.digest()
                links.append((true, position.entry, head))
            case .event(let event):
                head = Leaf.event(event, previous: head, into: &bytes)
                links.append((false, position.event, head))
            }
        }
        for link in links {
            try db.run(SQL("UPDATE \(link.entry ? "ledger_entries" : "ledger_events") SET digest = ? WHERE id = ?"), link.digest, link.id)
        }
    }

    /// Numbers that no posting lets in: `verify` reports them, and neither stops nor crashes.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `verify stands whatever was written into the file`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let tables = LedgerTestTables.all.filter { $0 != "ledger_checkpoints" && $0 != "ledger_books" }
        let extremes = ["9223372036854775807", "-9223372036854775808", "-1", "0", "4611686018427387904", "9000000000000000000"]
        for round in 0..<150 {
            var changes: [String] = []
            let problems = try book.tampered { db in
                for _ in 0...Int.random(in: 0...2, using: &random) {
                    let table = tables.randomElement(using: &random)!
                    let columns = try db.query(SQL("SELECT name, type FROM pragma_table_info('\(table)')")) { ($0.text(0), $0.text(1)) }
                    let (column, type) = columns.randomElement(using: &random)!
                    let extreme = extremes.randomElement(using: &random)!
                    var value = type == "INTEGER" ? extreme : type == "BLOB" ? "zeroblob(3)" : "'\(extreme)'"
                    if column == "payload" {
                        let payload = try db.text(SQL("SELECT payload FROM ledger_events ORDER BY (id * 7919 + \(round)) % 61 LIMIT 1")) ?? ""
                        value = "'\(Self.withExtreme(payload, extreme, &random))'"
                        changes.append("payload = \(value)")
                        try db.run(SQL("UPDATE ledger_events SET payload = \(value) WHERE payload = '\(payload)'"))
                        continue
                    }
                    changes.append("\(table).\(column) = \(value)")
                    do {
                        try db.run(
                            SQL("UPDATE OR IGNORE \(table) SET \(column) = \(value) WHERE \(columns[0].0) = (SELECT \(columns[0].0) FROM \(table) ORDER BY 1 LIMIT 1 OFFSET \(random.below(1000)) % (SELECT count(*) FROM \(table)))"))
                    } catch StorageError.constraint { continue }
                }
            }
            #expect(problems.count <= VerifyReport.maximumProblems, "seed \(seed), round \(round): \(changes)")
        }
    }

    /// The payload with one of its numbers replaced.
    private static func withExtreme(_ payload: String, _ extreme: String, _ random: inout SeededGenerator) -> String {
        let numbers = payload.matches(of: /:(-?[0-9]+)/)
        guard let number = numbers.randomElement(using: &random) else { return payload }
        return payload.replacingCharacters(in: number.range, with: ":" + extreme)
    }

    @Test func `a quick look finds that the chain no longer comes by its last checkpoint`() throws {
        let problems = try book.tamperedQuickly { try $0.run(SQL("UPDATE ledger_entries SET digest = zeroblob(32) WHERE id = 11")) }
        let events = try book.tamperedQuickly { try $0.run(SQL("UPDATE ledger_events SET digest = zeroblob(32) WHERE id = (SELECT event_id FROM ledger_checkpoints)")) }
        #expect((problems + events).contains { $0.kind == .checkpoint })
    }

    @Test func `a checkpoint is bound to its key, its book and its bytes`() throws {
        let other = SigningKey.generate()
        #expect(try !book.read { try $0.verify(against: checkpoint, signedBy: other.verifyingKey) }.isEmpty)
        let elsewhere = try Book()
        #expect(try !elsewhere.read { try $0.verify(against: checkpoint, signedBy: Book.key.verifyingKey) }.isEmpty)
        let copy = try Checkpoint(json: checkpoint.json)
        #expect(copy == checkpoint)
        #expect(copy.isSigned)
        var text = String(decoding: checkpoint.json, as: UTF8.self)
        text = text.replacingOccurrences(of: "\"entry\":11", with: "\"entry\":10")
        #expect(try !Checkpoint(json: Array(text.utf8)).isSigned)
        #expect(throws: LedgerError.self) { try Checkpoint(json: Array("{}".utf8)) }
    }

    @Test func `a wrong balance is frozen, and rebuilt only when somebody says so`() throws {
        book.db.authorize(nil)
        try book.db.run(SQL("UPDATE ledger_balances SET posted_debits_minor = 1 WHERE account_id = 1"))
        let report = try book.read { try $0.verify() }
        #expect(report.problems.compactMap(\.account) == [1])
        let frozen = try book.write { try $0.quarantine(report, actor: book.user) }
        #expect(frozen.map(\.code) == ["1000"])
        try book.expectRefusal("ledger.account_frozen") { ledger in
            try ledger.post(book.entry("2026-02-01", [.debit("1000", 1), .credit("3000", 1)]))
        }
        try book.write { ledger in
            _ = try ledger.rebuildBalance("1000", reason: "found by the sweep", actor: book.user)
            try ledger.unfreeze("1000", reason: "rebuilt", actor: book.user)
        }
        #expect(try book.read { try $0.verify().problems } == [])
        try book.post("2026-02-01", .debit("1000", 1), .credit("3000", 1))
        #expect(try book.read { try $0.verify().problems } == [])
    }
}

enum LedgerTestTables {
    static let all = [
        "ledger_accounts", "ledger_balances", "ledger_books", "ledger_checkpoints", "ledger_days", "ledger_entries",
        "ledger_events", "ledger_hold_lines", "ledger_holds", "ledger_lines", "ledger_match_entry_lines",
        "ledger_match_statement_lines", "ledger_matches", "ledger_memos", "ledger_period_balances", "ledger_period_exceptions",
        "ledger_periods", "ledger_reconciliation_sources", "ledger_reconciliations", "ledger_series", "ledger_series_segments",
        "ledger_statement_imports", "ledger_statement_lines",
    ]

    static func firstRow(of table: String) -> String {
        switch table {
        case "ledger_balances", "ledger_period_balances": "account_id = 1"
        case "ledger_days": "account_id = 1 AND effective_on = '2025-12-03'"
        case "ledger_hold_lines": "hold_id = 1 AND line_number = 1"
        case "ledger_lines": "entry_id = 1 AND line_number = 1"
        case "ledger_match_entry_lines": "match_id = 1"
        case "ledger_match_statement_lines": "match_id = 1 AND statement_line_id = 1"
        case "ledger_memos": "entry_id = 3"
        case "ledger_periods": "month = '2026-12'"
        default: "id = 1"
        }
    }
}
