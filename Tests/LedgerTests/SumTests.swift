import Core
import Storage
import Testing

@testable import Ledger

/// The quick look that is taken every minute.
@Suite struct SumTests {
    @Test func `a sound book adds up, and a sum that was changed by hand is named`() throws {
        let book = try Book()
        try book.write { ledger in
            try ledger.post(book.entry("2026-01-05", [.debit("1000", 700), .credit("3000", 400), .credit("4000", 300)]))
            try ledger.placeHold(
                NewHold(kind: "h", effectiveOn: .of("2026-01-05"), actor: book.user, lines: [.credit("1000", 5), .debit("5000", 5)]))
        }
        #expect(try book.read { try $0.unbalancedSums() } == [])
        let breaker = try Connection(path: book.folder + "/tenant.db", mode: .writer)
        defer { breaker.close() }
        let id = try breaker.integer(SQL("SELECT id FROM ledger_accounts WHERE code = '1000'"))
        try breaker.run(SQL("UPDATE ledger_balances SET posted_debits_minor = posted_debits_minor + 3 WHERE account_id = ?1"), id)
        #expect(try book.read { try $0.unbalancedSums() } == ["the balances in GHS are off by 3 posted and 0 held"])
        try breaker.run(SQL("UPDATE ledger_balances SET posted_debits_minor = posted_debits_minor - 3, pending_credits_minor = 6 WHERE account_id = ?1"), id)
        #expect(try book.read { try $0.unbalancedSums() } == ["the balances in GHS are off by 0 posted and -1 held"])
    }

    @Test func `one of the newest entries that lost a line is named`() throws {
        let book = try Book()
        try book.write { ledger in
            for _ in 0..<3 { try ledger.post(book.entry("2026-01-05", [.debit("1000", 7), .credit("3000", 7)])) }
        }
        let breaker = try Connection(path: book.folder + "/tenant.db", mode: .writer)
        defer { breaker.close() }
        for trigger in try breaker.query(SQL("SELECT name FROM sqlite_schema WHERE type = 'trigger'"), row: { $0.text(0) }) {
            try breaker.execute(script: "DROP TRIGGER \(trigger)")
        }
        try breaker.run(SQL("UPDATE ledger_lines SET debit_minor = 8 WHERE entry_id = 2 AND debit_minor = 7"))
        #expect(try book.read { try $0.unbalancedSums() } == ["entry 2 is off by 1 in GHS"])
        #expect(try book.read { try $0.unbalancedSums(newest: 1) } == [])
    }
}
