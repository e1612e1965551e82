import Core
import Storage
import Testing

@testable import Ledger

/// What few entries meet on their way, and what books meet that somebody damaged.
@Suite struct PostingEdgeTests {
    let book: Book

    init() throws {
        book = try Book()
        try book.post("2026-01-05", .debit("1000", 1_000), .credit("3000", 1_000))
    }

    @Test func `a preview of a key that was used tells the entry, or that the body is another`() throws {
        var entry = try book.entry("2026-01-06", [.debit("1000", 7), .credit("4000", 7)])
        entry.idempotencyKey = "k"
        let posted = try book.write { try $0.post(entry) }
        let preview = try book.read { try $0.preview(entry) }
        #expect(preview.replays == posted.id)
        #expect(preview.balances.isEmpty)
        entry.lines = [.debit("1000", 8), .credit("4000", 8)]
        let error = #expect(throws: LedgerError.self) { try book.read { try $0.preview(entry) } }
        #expect(error?.code == "ledger.idempotency_conflict")
    }

    @Test func `a condition may bound a balance from above`() throws {
        func post(atMost: Int64) -> (Ledger) throws -> Void {
            { [book] ledger in
                var entry = try book.entry("2026-01-06", [.debit("1000", 7), .credit("4000", 7)])
                entry.conditions = [BalanceCondition("1000", .posted, atMost: atMost)]
                try ledger.post(entry)
            }
        }
        let error = try book.expectRefusal("ledger.condition_failed", post(atMost: 1_006))
        #expect(error?.detail == "Account 1000 would have 10.07 GHS posted, more than 10.06 GHS.")
        try book.write(post(atMost: 1_007))
    }

    @Test func `an entry of many accounts moves each by all of its lines`() throws {
        let keys = (1...40).map { "k\($0)" }
        try book.write { ledger in
            for key in keys { try ledger.openSubaccount(control: "1200", key: key, name: key, actor: book.user) }
        }
        var lines: [NewLine] = []
        for (index, key) in (keys + keys).enumerated() { lines.append(NewLine(.code("1200:\(key)"), .debit, Int64(index + 1))) }
        lines.append(.credit("4000", 80 * 81 / 2))
        try book.write { try $0.post(book.entry("2026-01-06", lines)) }
        for (index, key) in keys.enumerated() {
            #expect(try book.posted(.code("1200:\(key)")) == Int64(2 * index + 42), "\(key)")
        }
        #expect(try book.read { try $0.verify().problems } == [])
    }

    @Test(arguments: ["", String(repeating: "x", count: 200)])
    func `a kind is neither empty nor long`(kind: String) throws {
        try book.expectRefusal("ledger.invalid") {
            try $0.post(book.entry("2026-01-06", [.debit("1000", 7), .credit("4000", 7)], kind: kind))
        }
    }

    @Test(arguments: ["", String(repeating: "x", count: 1_001)])
    func `what names rules, keys or sources is neither empty nor long`(text: String) throws {
        func refuse(_ change: @escaping (inout NewEntry) -> Void) throws {
            try book.expectRefusal("ledger.invalid") { [book] ledger in
                var entry = try book.entry("2026-01-06", [.debit("1000", 7), .credit("4000", 7)])
                change(&entry)
                try ledger.post(entry)
            }
        }
        try refuse { $0.rulesVersion = text }
        try refuse { $0.idempotencyKey = text }
        try refuse { $0.source = EntrySource(type: text, id: 1) }
    }

    @Test func `holds that do not fit their totals, or have no state, are told as damage`() throws {
        let hold = try book.write {
            try $0.placeHold(
                NewHold(kind: "order", effectiveOn: .of("2026-01-06"), actor: book.user, lines: [.credit("1000", 5), .debit("5000", 5)]))
        }
        book.db.authorize(nil)
        try book.db.run(SQL("UPDATE ledger_balances SET pending_credits_minor = 4 WHERE account_id = 1"))
        func void(_ ledger: Ledger) throws { try ledger.voidHold(hold.id, reason: "x", actor: book.user) }
        let fresh = Ledger(book.db, clock: book.clock)
        let before = try book.contents()
        let error = #expect(throws: LedgerError.self) { try book.db.transaction { try book.db.savepoint { try void(fresh) } } }
        #expect(error?.code == "ledger.damaged")
        #expect(error?.status == 500)
        #expect(try book.contents() == before)
        try book.db.execute(script: "PRAGMA ignore_check_constraints=ON")
        try book.db.run(SQL("UPDATE ledger_holds SET state = 'lost' WHERE id = 1"))
        #expect(#expect(throws: LedgerError.self) { try book.read { try $0.hold(hold.id) } }?.code == "ledger.damaged")
    }
}
