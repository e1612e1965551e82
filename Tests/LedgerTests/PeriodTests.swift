import Core
import Testing

@testable import Ledger

@Suite struct PeriodTests {
    let book: Book

    init() throws { book = try Book() }

    private func month(_ text: String) -> CalendarMonth { try! CalendarMonth(text) }

    private func lines() -> [NewLine] { [.debit("1000", 1), .credit("3000", 1)] }

    @Test func `months follow one another without a gap and come by themselves`() throws {
        let fresh = try Book(accounts: false)
        try fresh.write { ledger in
            for (code, kind) in [("1000", AccountKind.asset), ("3000", .equity)] {
                try ledger.openAccount(NewAccount(code: code, name: code, kind: kind, currency: Book.ghs), actor: fresh.user)
            }
        }
        try fresh.expectRefusal("ledger.period_missing") { try $0.post(fresh.entry("2026-01-05", lines())) }
        try fresh.write { try $0.definePeriods(from: month("2025-12"), through: month("2026-01"), actor: fresh.user) }
        try fresh.write { try $0.post(fresh.entry("2026-04-05", lines())) }
        #expect(
            try fresh.read { try $0.periods().map(\.month.description) } == [
                "2025-12", "2026-01", "2026-02", "2026-03", "2026-04",
            ])
        try fresh.expectRefusal("ledger.period_missing") { try $0.post(fresh.entry("2025-11-30", lines())) }
        try fresh.write { try $0.post(fresh.entry("2027-01-31", lines())) }
        try fresh.expectRefusal("ledger.period_missing") { try $0.post(fresh.entry("2027-02-01", lines())) }
        #expect(try fresh.read { try $0.isOpen(.of("2026-02-28")) })
    }

    @Test func `a closed month takes nothing until it is opened again, with a reason`() throws {
        try book.write { try $0.closePeriod(month("2026-01"), actor: book.user) }
        let error = try book.expectRefusal("ledger.period_closed") { try $0.post(book.entry("2026-01-31", lines())) }
        #expect(error?.problem.status == 423)
        #expect(try book.read { try !$0.isOpen(.of("2026-01-01")) })
        try book.post("2026-02-01", .debit("1000", 1), .credit("3000", 1))
        try book.expectRefusal("ledger.period_state") { try $0.closePeriod(month("2026-01"), actor: book.user) }
        try book.expectRefusal("ledger.invalid") { try $0.reopenPeriod(month("2026-01"), reason: "", actor: book.user) }
        try book.write { try $0.reopenPeriod(month("2026-01"), reason: "late bill", actor: book.user) }
        try book.post("2026-01-31", .debit("1000", 1), .credit("3000", 1))
        let period = try book.read { try $0.period(month("2026-01")) }
        #expect(period?.state == .open)
        #expect(period?.reason == "late bill")
    }

    @Test func `a closed month is closed although it was open a moment ago`() throws {
        // What is remembered of open months must not outlive them.
        try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1))
        try book.write { try $0.closePeriod(month("2026-01"), actor: book.user) }
        try book.expectRefusal("ledger.period_closed") { try $0.post(book.entry("2026-01-05", lines())) }
    }

    @Test func `an exception lets one actor in, for its time, and is named by what it let in`() throws {
        try book.write { try $0.closePeriod(month("2026-01"), actor: book.user) }
        let from = book.clock.now()
        let exception = try book.write { ledger in
            try ledger.addException(
                month("2026-01"), for: 7, from: from, until: from.adding(seconds: 60), reason: "audit", actor: book.user)
        }
        var entry = try book.entry("2026-01-05", lines())
        try book.expectRefusal("ledger.period_closed") { try $0.post(entry) }
        entry.actor = LedgerActor(id: 7, label: "user")
        book.clock.advance(milliseconds: 59_999)
        let posted = try book.write { try $0.post(entry) }
        #expect(try book.read { try $0.entry(posted.id).exception } == exception.id)
        book.clock.advance(milliseconds: 1)  // its last moment is over
        try book.expectRefusal("ledger.period_closed") { try $0.post(entry) }
        #expect(try book.read { try $0.exceptions(in: month("2026-01")) } == [exception])
    }

    @Test func `an exception is judged at the time that the entry bears, whatever the clock does`() throws {
        let month = try CalendarMonth("2026-01")
        try book.write { ledger in
            try ledger.closePeriod(month, actor: book.user)
            try ledger.addException(
                month, for: 1, from: book.clock.now(), until: book.clock.now().adding(seconds: 60), reason: "late", actor: book.user)
        }
        book.clock.advance(milliseconds: 120_000)
        try book.post("2026-02-01", .debit("1000", 1), .credit("3000", 1))
        // The clock goes back into the time of the exception; the entry would be recorded after it.
        book.clock.advance(milliseconds: -90_000)
        try book.expectRefusal("ledger.period_closed") { try $0.post(book.entry("2026-01-10", [.debit("1000", 1), .credit("3000", 1)])) }
        #expect(try book.read { try $0.verify().problems } == [])
    }

    @Test func `a locked month stays as it is for ever`() throws {
        try book.post("2025-12-10", .debit("1000", 500), .credit("3000", 500))
        try book.expectRefusal("ledger.period_state") { try $0.lockPeriod(month("2025-12"), reason: "x", actor: book.user) }
        try book.write { try $0.closePeriod(month("2025-12"), actor: book.user) }
        try book.write { try $0.closePeriod(month("2026-01"), actor: book.user) }
        try book.expectRefusal("ledger.period_order") { try $0.lockPeriod(month("2026-01"), reason: "x", actor: book.user) }
        let before = try book.read { try $0.trialBalance(asOf: .of("2025-12-31")).rows }
        try book.write { try $0.lockPeriod(month("2025-12"), reason: "return filed", actor: book.user) }
        let error = try book.expectRefusal("ledger.period_locked") { try $0.post(book.entry("2025-12-31", lines())) }
        #expect(error?.problem.status == 423)
        try book.expectRefusal("ledger.period_state") { try $0.reopenPeriod(month("2025-12"), reason: "x", actor: book.user) }
        try book.expectRefusal("ledger.period_state") {
            try $0.addException(
                month("2025-12"), for: 1, from: book.clock.now(), until: book.clock.now().adding(seconds: 9), reason: "x",
                actor: book.user)
        }
        // Answers now start from what the lock stored.
        try book.post("2026-02-01", .debit("1000", 3), .credit("3000", 3))
        #expect(try book.read { try $0.trialBalance(asOf: .of("2025-12-31")).rows } == before)
        #expect(try book.posted("1000", asOf: "2025-12-30") == 500)
        #expect(try book.posted("1000", asOf: "2026-02-01") == 503)
        #expect(try book.posted("1000", asOf: "2026-02-01", knownAt: .entry(1)) == 500)
    }
}
