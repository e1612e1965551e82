import Core
import Testing

@testable import Ledger

@Suite struct ReversalTests {
    let book: Book

    init() throws { book = try Book() }

    @Test func `a reversal mirrors its entry, once, and may be reversed itself`() throws {
        let original = try book.write { ledger in
            try ledger.post(
                NewEntry(
                    kind: "sale", effectiveOn: .of("2026-01-05"), actor: book.user,
                    lines: [NewLine("1000", .debit, 120, branch: 2, dimensions: ["a": 1]), .credit("4000", 100), .credit("2100", 20)],
                    source: EntrySource(type: "sales", id: 1)))
        }
        func reverse(_ entry: Int64, _ date: String) throws -> PostedEntry {
            try book.write {
                try $0.reverse(entry: entry, effectiveOn: .of(date), reason: "wrong price", actor: book.user)
            }
        }
        let reversal = try reverse(original.id, "2026-01-06")
        let (first, second) = try book.read { (try $0.entry(original.id), try $0.entry(reversal.id)) }
        #expect(second.kind == "reversal")
        #expect(second.reverses == original.id)
        #expect(second.memo == "wrong price")
        #expect(second.source == first.source)
        #expect(second.lines.map(\.side) == first.lines.map(\.side.opposite))
        #expect(second.lines.map(\.amount) == first.lines.map(\.amount))
        #expect(second.lines[0].branch == 2)
        #expect(second.lines[0].dimensions == ["a": 1])
        #expect(try book.posted("1000") == 0)
        // LG-12: both are in the totals.
        #expect(try book.read { try $0.balance("1000").debits } == 120)
        #expect(try book.read { try $0.reversal(of: original.id) } == reversal.id)

        let error = try book.expectRefusal("ledger.already_reversed") {
            try $0.reverse(entry: original.id, effectiveOn: .of("2026-01-06"), reason: "again", actor: book.user)
        }
        #expect(error == .alreadyReversed(entry: original.id, by: reversal.id))
        let third = try reverse(reversal.id, "2026-01-07")
        #expect(try book.posted("1000") == 120)
        #expect(try book.read { try $0.entry(third.id).reverses } == reversal.id)
    }

    @Test func `a reversal is not earlier than its entry, and needs one`() throws {
        try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1))
        try book.expectRefusal("ledger.effective_before_original") {
            try $0.reverse(entry: 1, effectiveOn: .of("2026-01-04"), reason: "x", actor: book.user)
        }
        try book.expectRefusal("ledger.entry_unknown") {
            try $0.reverse(entry: 9, effectiveOn: .of("2026-01-06"), reason: "x", actor: book.user)
        }
    }

    @Test func `a closed month is corrected in an open one`() throws {
        try book.post("2025-12-05", .debit("1000", 1), .credit("3000", 1))
        try book.write { try $0.closePeriod(CalendarMonth("2025-12"), actor: book.user) }
        try book.expectRefusal("ledger.period_closed") {
            try $0.reverse(entry: 1, effectiveOn: .of("2025-12-31"), reason: "x", actor: book.user)
        }
        try book.write { try $0.reverse(entry: 1, effectiveOn: .of("2026-01-01"), reason: "x", actor: book.user) }
        #expect(try book.posted("1000", asOf: "2025-12-31") == 1)
        #expect(try book.posted("1000", asOf: "2026-01-01") == 0)
    }

    @Test func `a limit holds for reversals too, unless the caller says otherwise`() throws {
        try book.post("2026-01-05", .debit("1000", 100), .credit("3000", 100))
        try book.post("2026-01-05", .credit("1000", 100), .debit("5000", 100))
        try book.write { try $0.setLimit("1000", .noOverdraft, reason: "x", actor: book.user) }
        try book.expectRefusal("ledger.limit_exceeded") {
            try $0.reverse(entry: 1, effectiveOn: .of("2026-01-05"), reason: "x", actor: book.user)
        }
        try book.write {
            try $0.reverse(entry: 1, effectiveOn: .of("2026-01-05"), reason: "x", actor: book.user, allowsLimitBreach: true)
        }
        #expect(try book.posted("1000") == -100)
    }

    @Test func `a reversal repeated under its key is the same one`() throws {
        try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1))
        let answers = try (0..<2).map { _ in
            try book.write {
                try $0.reverse(entry: 1, effectiveOn: .of("2026-01-06"), reason: "x", actor: book.user, idempotencyKey: "r")
            }
        }
        #expect(answers.map(\.id) == [2, 2])
        #expect(answers.map(\.wasReplayed) == [false, true])
    }

    @Test func `a partial correction names what it corrects`() throws {
        try book.post("2026-01-05", .debit("1000", 100), .credit("4000", 100))
        var refund = try book.entry("2026-01-06", [.debit("4000", 30), .credit("1000", 30)], kind: "refund")
        refund.corrects = 1
        try book.write { try $0.post(refund) }
        #expect(try book.read { try $0.entries(.init(corrects: 1)).map(\.id) } == [2])
        refund.corrects = 77
        try book.expectRefusal("ledger.entry_unknown") { try $0.post(refund) }
    }

    /// LG-13.
    @Test func `what is taken back of an entry never exceeds it, account by account`() throws {
        try book.post("2026-01-05", .debit("1000", 120), .credit("4000", 100), .credit("2100", 20))
        func refund(_ sales: Int64, _ tax: Int64) throws -> NewEntry {
            var entry = try book.entry(
                "2026-01-06", [.debit("4000", sales), .debit("2100", tax), .credit("1100", sales + tax)], kind: "refund")
            entry.corrects = 1
            return entry
        }
        try book.write { try $0.post(refund(60, 12)) }
        let error = try book.expectRefusal("ledger.correction_exceeds") { try $0.post(refund(40, 9)) }
        #expect(
            error == .correctionExceeds(entry: 1, account: "2100", remaining: Money(minor: 8, Book.ghs), asked: Money(minor: 9, Book.ghs)))
        // Undoing it whole would take back what was taken back already.
        try book.expectRefusal("ledger.correction_exceeds") {
            try $0.reverse(entry: 1, effectiveOn: .of("2026-01-06"), reason: "x", actor: book.user)
        }
        // A refund that is undone counts no more.
        try book.write { try $0.reverse(entry: 2, effectiveOn: .of("2026-01-06"), reason: "x", actor: book.user) }
        try book.write { try $0.post(refund(100, 20)) }
        try book.expectRefusal("ledger.correction_exceeds") {
            try $0.reverse(entry: 3, effectiveOn: .of("2026-01-06"), reason: "x", actor: book.user)
        }
        #expect(try book.read { try $0.verify().problems } == [])
    }

    @Test func `a memo can be erased, and only it`() throws {
        var entry = try book.entry("2026-01-05", [.debit("1000", 1), .credit("3000", 1)])
        entry.memo = "for Ama Mensah"
        try book.write { try $0.post(entry) }
        try book.write { try $0.eraseMemo(entry: 1, reason: "asked for it", actor: book.user) }
        let stored = try book.read { try $0.entry(1) }
        #expect(stored.memo == nil)
        #expect(stored.lines.count == 2)
        #expect(try !book.contents().contains { $0.contains("Ama") })
    }
}
