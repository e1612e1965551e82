import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Ledger

/// LG-44: the books hold for a verifier in another language, which shares nothing with ours: `Tests/Verifier`.
@Suite struct SecondVerifierTests {
    private func run(_ book: Book) throws -> (text: String, status: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["\(Repository.home)/Tests/Verifier/verify.py", book.folder + "/tenant.db"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (text, process.terminationStatus)
    }

    @Test func `both come to the same head, and find nothing`() throws {
        let (book, _) = try Book.rich()
        let report = try book.read { try $0.verify() }
        let second = try run(book)
        #expect(second.status == 0, "\(second.text)")
        #expect(second.text.contains(": \(report.entries) entries, \(report.events) events, head \(Digest.hex(report.head))"), "\(second.text)")
    }

    @Test(arguments: [
        ("UPDATE ledger_lines SET debit_minor = debit_minor + 1 WHERE entry_id = 4 AND line_number = 1", "entry 4: debits and credits"),
        ("UPDATE ledger_entries SET kind = 'gift' WHERE id = 5", "entry 5: its digest"),
        ("UPDATE ledger_events SET reason = 'nicer' WHERE kind = 'period.closed' AND reason IS NOT NULL", "its digest"),
        ("DELETE FROM ledger_entries WHERE id = 8", "entry 9 number"),
        ("DELETE FROM ledger_events WHERE id = 9", "event 10 number"),
        ("UPDATE ledger_memos SET memo = 'other' WHERE entry_id = 3", "entry 3: its memo is not"),
        ("DELETE FROM ledger_memos WHERE entry_id = 3", "entry 3: its memo is missing"),
        ("UPDATE ledger_balances SET posted_debits_minor = posted_debits_minor + 1 WHERE account_id = 1", "ledger_balances 1 posted"),
        ("UPDATE ledger_balances SET pending_credits_minor = pending_credits_minor + 1 WHERE account_id = 1", "ledger_balances 1 pending"),
        ("UPDATE ledger_days SET credit_minor = credit_minor + 1 WHERE effective_on = '2025-12-20' AND account_id = 1", "ledger_days 2025-12-20 1"),
        ("UPDATE ledger_period_balances SET debit_minor = 1 WHERE account_id = 1", "ledger_period_balances 2025-12 1"),
        ("UPDATE ledger_series_segments SET next = next - 1 WHERE id = 1", "ledger_series_segments 1"),
        ("UPDATE ledger_checkpoints SET head = zeroblob(32)", "checkpoint at entry"),
        ("UPDATE ledger_statement_lines SET amount_minor = -49 WHERE id = 2", "ledger_statement_imports 1 digest"),
        ("UPDATE ledger_statement_lines SET reference = 'x' WHERE id = 1", "ledger_statement_lines 1"),
        ("DELETE FROM ledger_match_entry_lines WHERE match_id = 2", "ledger_matches 2"),
    ])
    func `what is broken is found by it too`(sql: String, place: String) throws {
        let (book, _) = try Book.rich()
        book.db.authorize(nil)
        try book.db.execute(script: "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON")
        for trigger in try book.db.query(SQL("SELECT name FROM sqlite_schema WHERE type = 'trigger'"), row: { $0.text(0) }) {
            try book.db.run(SQL("DROP TRIGGER \(trigger)"))
        }
        try book.db.run(SQL(sql))
        #expect(book.db.changes >= 1)
        let second = try run(book)
        #expect(second.status == 1)
        #expect(second.text.contains(place), "\(second.text)")
    }
}
