import Core
import Storage
import Testing

@testable import Ledger

@Suite struct PostingTests {
    let book: Book

    init() throws { book = try Book() }

    @Test func `an entry is stored whole and moves its balances`() throws {
        let posted = try book.write { ledger in
            try ledger.post(
                NewEntry(
                    kind: "sale", effectiveOn: .of("2026-01-05"), actor: book.user,
                    lines: [
                        NewLine("1000", .debit, 12_000, currency: Book.ghs, branch: 3, dimensions: ["till": "T1", "n": 2]),
                        .credit("4000", 10_000), .credit("2100", 2000),
                    ], memo: "Sale 17", source: EntrySource(type: "sales", id: 17), rulesVersion: "tax@3"))
        }
        #expect(posted.number == 1)
        #expect(posted.numberText == "JE-000001")
        #expect(posted.recordedAt == (try Instant("2026-01-15T09:00:00Z")))
        let entry = try book.read { try $0.entry(1) }
        #expect(entry.kind == "sale")
        #expect(entry.memo == "Sale 17")
        #expect(entry.source == EntrySource(type: "sales", id: 17))
        #expect(entry.rulesVersion == "tax@3")
        #expect(entry.digest == posted.digest)
        #expect(entry.lines.map(\.accountCode) == ["1000", "4000", "2100"])
        #expect(entry.lines.map(\.side) == [.debit, .credit, .credit])
        #expect(entry.lines.map(\.amount.minor) == [12_000, 10_000, 2000])
        #expect(entry.lines[0].branch == 3)
        #expect(entry.lines[0].dimensions == ["till": "T1", "n": 2])
        #expect(try book.posted("1000") == 12_000)
        #expect(try book.posted("4000") == 10_000)
        #expect(try book.read { try $0.trialBalance().isBalanced })
    }

    @Test(arguments: [Int64(1), -1])
    func `an entry that does not balance is refused`(off: Int64) throws {
        let error = try book.expectRefusal("ledger.unbalanced") { ledger in
            try ledger.post(book.entry("2026-01-05", [.debit("1000", 100), .credit("4000", 100 + off)]))
        }
        #expect(error?.problem.status == 422)
        #expect(error?.detail.contains("1.00 GHS") == true)
    }

    @Test func `shapes that no entry has are refused`() throws {
        try book.expectRefusal("ledger.too_few_lines") { try $0.post(book.entry("2026-01-05", [.debit("1000", 1)])) }
        for amount in [Int64(0), -5] {
            let error = try book.expectRefusal("ledger.amount_not_positive") { ledger in
                try ledger.post(book.entry("2026-01-05", [.debit("1000", 1), .credit("4000", amount)]))
            }
            #expect(error?.problem.field == "lines[1].amount")
        }
        try book.expectRefusal("ledger.amount_too_large") { ledger in
            let amount = NewLine.maximumAmount + 1
            try ledger.post(book.entry("2026-01-05", [.debit("1000", amount), .credit("4000", amount)]))
        }
        let many = (0..<2048).flatMap { _ in [NewLine.debit("1000", 1), .credit("4000", 1)] }
        try book.expectRefusal("ledger.too_many_lines") { try $0.post(book.entry("2026-01-05", many)) }
        try book.expectRefusal("ledger.invalid") { ledger in
            try ledger.post(book.entry("2026-01-05", [.debit("1000", 1), .credit("4000", 1)], kind: "Sale!"))
        }
        try book.expectRefusal("ledger.invalid") { ledger in  // LG-02: no binary fraction comes in
            try ledger.post(
                book.entry("2026-01-05", [NewLine("1000", .debit, 1, dimensions: ["rate": .double(0.5)]), .credit("4000", 1)]))
        }
    }

    @Test func `the largest entry is posted`() throws {
        let lines = (0..<2047).flatMap { _ in [NewLine.debit("1000", NewLine.maximumAmount), .credit("4000", NewLine.maximumAmount)] }
        try book.write { try $0.post(book.entry("2026-01-05", lines)) }
        #expect(try book.posted("1000") == 2047 * NewLine.maximumAmount)
        // LG-03: a sum beyond 64 bits.
        for _ in 0..<3 { try book.write { try $0.post(book.entry("2026-01-05", lines)) } }
        let error = try book.expectRefusal("ledger.amount_overflow") { try $0.post(book.entry("2026-01-05", lines)) }
        #expect(error?.detail.contains("1000") == true)
    }

    @Test func `accounts must be there and of the stated currency`() throws {
        let unknown = try book.expectRefusal("ledger.account_unknown") { ledger in
            try ledger.post(book.entry("2026-01-05", [.debit("1000", 1), .credit("9999", 1)]))
        }
        #expect(unknown?.problem.field == "lines[1].account")
        #expect(unknown?.detail.contains("9999") == true)
        try book.expectRefusal("ledger.currency_mismatch") { ledger in
            try ledger.post(
                book.entry("2026-01-05", [NewLine("1000", .debit, 1, currency: Currency("USD")), .credit("4000", 1)]))
        }
    }

    @Test func `each currency balances by itself`() throws {
        try book.write { ledger in
            for (code, currency) in [("1500", "USD"), ("3900", "USD"), ("3901", "GHS")] {
                try ledger.openAccount(
                    NewAccount(code: code, name: code, kind: .asset, currency: Currency(currency)), actor: book.user)
            }
        }
        try book.expectRefusal("ledger.unbalanced") { ledger in
            try ledger.post(book.entry("2026-01-05", [.debit("1500", 1000), .credit("1100", 1000)]))
        }
        try book.post(
            "2026-01-05", .credit("1100", 15_200), .debit("3901", 15_200), .debit("1500", 1000), .credit("3900", 1000))
        let totals = try book.read { try $0.trialBalance().totals }
        #expect(totals.map(\.currency.code) == ["GHS", "USD"])
        #expect(totals.allSatisfy { $0.debits == $0.credits })
    }

    @Test func `a key gives the first answer again, or a conflict`() throws {
        var entry = try book.entry("2026-01-05", [.debit("1000", 100), .credit("4000", 100)])
        entry.idempotencyKey = "k-1"
        entry.memo = "once"
        let first = try book.write { try $0.post(entry) }
        let before = try book.contents()
        let again = try book.write { try $0.post(entry) }
        #expect(again.id == first.id)
        #expect(again.digest == first.digest)
        #expect(again.wasReplayed)
        #expect(try book.contents() == before)
        entry.lines = [.debit("1000", 101), .credit("4000", 101)]
        let error = try book.expectRefusal("ledger.idempotency_conflict") { try $0.post(entry) }
        #expect(error?.problem.status == 409)
        // Two in one turn: one posts, the other gets its answer.
        entry.idempotencyKey = "k-2"
        let both = try book.db.transaction {
            [try book.db.savepoint { try book.ledger.post(entry) }, try book.db.savepoint { try book.ledger.post(entry) }]
        }
        #expect(both[0].id == both[1].id)
        #expect(both.map(\.wasReplayed) == [false, true])
    }

    @Test func `a source is posted once if so asked`() throws {
        var entry = try book.entry("2026-01-05", [.debit("1000", 100), .credit("4000", 100)], kind: "sale")
        entry.source = EntrySource(type: "sales", id: 1)
        entry.isOncePerSource = true
        let first = try book.write { try $0.post(entry) }
        try book.expectRefusal("ledger.source_already_posted") { try $0.post(entry) }
        var other = entry
        other.kind = "payment"
        try book.write { try $0.post(other) }
        try book.write {
            try $0.reverse(entry: first.id, effectiveOn: .of("2026-01-06"), reason: "wrong", actor: book.user)
        }
        try book.write { try $0.post(entry) }
    }

    @Test func `a source whose reversal was reversed stands again`() throws {
        var sale = try book.entry("2026-01-05", [.debit("1000", 1), .credit("4000", 1)], kind: "sale")
        sale.source = EntrySource(type: "sales", id: 7)
        sale.isOncePerSource = true
        let first = try book.write { try $0.post(sale) }
        let undone = try book.write { try $0.reverse(entry: first.id, effectiveOn: .of("2026-01-05"), reason: "no", actor: book.user) }
        try book.write { try $0.reverse(entry: undone.id, effectiveOn: .of("2026-01-05"), reason: "yes", actor: book.user) }
        let error = try book.expectRefusal("ledger.source_already_posted") { try $0.post(sale) }
        #expect(error == .sourceAlreadyPosted(EntrySource(type: "sales", id: 7), entry: first.id))
    }

    @Test func `conditions are judged on the whole entry`() throws {
        try book.post("2026-01-05", .debit("1000", 100), .credit("3000", 100))
        var entry = try book.entry("2026-01-05", [.credit("1000", 60), .debit("5000", 60)])
        entry.conditions = [BalanceCondition("1000", .posted, atLeast: 41)]
        try book.expectRefusal("ledger.condition_failed") { try $0.post(entry) }
        entry.conditions = [BalanceCondition("1000", .posted, atLeast: 40, atMost: 40), BalanceCondition("5000", version: 0)]
        try book.write { try $0.post(entry) }
        entry.conditions = [BalanceCondition("5000", version: 0)]
        try book.expectRefusal("ledger.condition_failed") { try $0.post(entry) }
    }

    @Test func `a limit refuses what makes it worse and nothing else`() throws {
        try book.write { try $0.setLimit("1000", .noOverdraft, reason: "cash", actor: book.user) }
        let error = try book.expectRefusal("ledger.limit_exceeded") { ledger in
            try ledger.post(book.entry("2026-01-05", [.credit("1000", 1), .debit("5000", 1)]))
        }
        #expect(error?.problem.extra.contains { $0.0 == "available" && $0.1 == 0 } == true)
        try book.write { try $0.setLimit("1000", .none, reason: "bridge", actor: book.user) }
        try book.post("2026-01-05", .credit("1000", 50), .debit("5000", 50))
        try book.write { try $0.setLimit("1000", .overdraft(20), reason: "back", actor: book.user) }
        try book.post("2026-01-05", .debit("1000", 10), .credit("3000", 10))  // still beyond, but better
        try book.expectRefusal("ledger.limit_exceeded") { ledger in
            try ledger.post(book.entry("2026-01-05", [.credit("1000", 1), .debit("5000", 1)]))
        }
        // The whole entry counts, not its lines one by one.
        try book.post("2026-01-05", .credit("1000", 500), .debit("5000", 500), .debit("1000", 500), .credit("3000", 500))
    }

    @Test func `a preview tells what would happen and takes nothing`() throws {
        let entry = try book.entry("2026-01-05", [.debit("1000", 100), .credit("4000", 100)])
        let before = try book.contents()
        let preview = try book.write { try $0.preview(entry) }
        #expect(preview.balances.map(\.account.code) == ["1000", "4000"])
        #expect(preview.balances[0].after.postedDebits == 100)
        #expect(try book.contents() == before)
        #expect(throws: LedgerError.periodMissing(.of("2025-11-30"))) {
            try book.write { try $0.preview(book.entry("2025-11-30", entry.lines)) }
        }
    }

    @Test func `what was rolled back leaves no trace and is not remembered`() throws {
        struct Stop: Error {}
        try book.post("2026-01-05", .debit("1000", 100), .credit("3000", 100))
        let before = try book.contents()
        #expect(throws: Stop.self) {
            try book.write { ledger in
                try ledger.post(book.entry("2026-01-05", [.debit("1000", 7), .credit("3000", 7)]))
                try ledger.freeze("1000", reason: "x", actor: book.user)
                throw Stop()
            }
        }
        #expect(try book.contents() == before)
        #expect(try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1)).id == 2)
        #expect(try book.posted("1000") == 101)
    }

    @Test func `a neighbour in the same turn sees what stood before it, not what was undone`() throws {
        struct Stop: Error {}
        try book.db.transaction {
            _ = try book.db.savepoint { try book.ledger.post(book.entry("2026-01-05", [.debit("1000", 1), .credit("3000", 1)])) }
            _ = try? book.db.savepoint {
                try book.ledger.post(book.entry("2026-01-05", [.debit("1000", 2), .credit("3000", 2)]))
                throw Stop()
            }
            _ = try book.db.savepoint { try book.ledger.post(book.entry("2026-01-05", [.debit("1000", 4), .credit("3000", 4)])) }
        }
        #expect(try book.posted("1000") == 5)
        #expect(try book.read { try $0.entries().map(\.id) } == [2, 1])
    }

    @Test func `an account that comes twice is one account, however little is remembered`() throws {
        let book = try Book(memory: LedgerMemory(accountLimit: 1))
        for _ in 0..<3 {
            try book.post(
                "2026-01-05", .debit("1000", 1), .debit("1100", 2), .credit("2000", 3), .credit("2100", 4), .debit("1000", 4))
        }
        #expect(try book.posted("1000") == 15)
        #expect(try book.read { try $0.verify().problems } == [])
    }

    @Test func `times never fall, whatever the clock does`() throws {
        let first = try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1))
        book.clock.advance(milliseconds: -60_000)
        let second = try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1))
        #expect(second.recordedAt == first.recordedAt)
    }

    @Test func `posted rows cannot be changed, removed or replaced`() throws {
        try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1))
        let statements = [
            "UPDATE ledger_lines SET debit_minor = 2", "DELETE FROM ledger_entries", "UPDATE ledger_events SET actor_id = 2",
            "DELETE FROM ledger_lines", "DROP TRIGGER ledger_lines_update", "DROP TABLE ledger_entries",
            "ALTER TABLE ledger_lines ADD COLUMN x TEXT",
        ]
        // A replaced row is a deleted one, by its key or by another that is unique.
        let replacements = [
            "INSERT OR REPLACE INTO ledger_lines SELECT entry_id, line_number, account_id, effective_on, debit_minor + 1, credit_minor, branch_id, dimensions FROM ledger_lines WHERE debit_minor > 0",
            "INSERT OR REPLACE INTO ledger_events SELECT id, after_entry_id, kind, subject_id, payload, actor_id + 1, actor, reason, recorded_at, digest FROM ledger_events LIMIT 1",
            "INSERT OR REPLACE INTO ledger_entries SELECT id, 'other', effective_on, recorded_at, source_type, source_id, actor_id, actor, rules_version, reverses_id, corrects_id, hold_id, exception_id, idempotency_key, memo_digest, digest FROM ledger_entries",
        ]
        for text in statements {
            #expect(throws: StorageError.self, "\(text)") { try book.db.run(SQL(text)) }  // by the authorizer
        }
        let before = try book.contents()
        for text in replacements { #expect(throws: StorageError.self, "\(text)") { try book.db.run(SQL(text)) } }
        book.db.authorize(nil)
        for text in statements.prefix(4) + replacements {
            #expect(throws: StorageError.self, "\(text)") { try book.db.run(SQL(text)) }  // by the triggers
        }
        #expect(try book.contents() == before)
    }
}
