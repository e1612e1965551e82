import Core
import Testing

@testable import Ledger

/// LG-83: the end of a year is ordinary entries.
@Suite struct ClosingTests {
    let book: Book

    init() throws {
        book = try Book()
        try book.post("2026-01-05", .debit("1000", 1_000), .credit("4000", 1_000))
        try book.post("2026-01-06", .debit("5000", 300), .credit("1000", 300))
        for month in try book.read({ try $0.periods() }).map(\.month) where try month < CalendarMonth("2026-12") {
            try book.write { try $0.closePeriod(month, actor: book.user) }
        }
    }

    private func close(into account: AccountReference = "3000") throws -> YearEnd {
        try book.write { try $0.closeYear(through: CalendarMonth("2026-12"), into: account, memo: "Year end", actor: book.user) }
    }

    private func late(_ date: String, _ lines: NewLine...) throws {
        let month = try CalendarDate(date).calendarMonth
        try book.write { ledger in
            try ledger.reopenPeriod(month, reason: "late", actor: book.user)
            try ledger.post(book.entry(date, lines))
            try ledger.closePeriod(month, actor: book.user)
        }
    }

    @Test func `the result of a year goes to equity, and the next year starts at zero by the entries alone`() throws {
        let end = try close()
        #expect(end.result == Money(minor: 700, Book.ghs))
        #expect(end.rows.map(\.account.code) == ["4000", "5000"])
        #expect(end.entries.count == 1)
        let entry = try book.read { try $0.entry(end.entries[0].id) }
        #expect(entry.kind == "closing")
        #expect(entry.memo == "Year end")
        #expect(entry.effectiveOn == .of("2026-12-31"))
        #expect(entry.lines.map { "\($0.accountCode) \($0.side) \($0.amount.minor)" } == ["4000 debit 1000", "5000 credit 300", "3000 credit 700"])
        #expect(try ["4000", "5000", "3000"].map { try book.posted(.code($0), asOf: "2026-12-31") } == [0, 0, 700])
        #expect(try book.posted("4000", asOf: "2026-12-30") == 1_000)
        #expect(try close().entries == [])
        // What comes late is taken by closing once more.
        try late("2026-02-01", .debit("5000", 50), .credit("1000", 50))
        let again = try close()
        #expect(again.entries.count == 1)
        #expect(again.result.minor == -50)
        #expect(try book.posted("3000") == 650)
        #expect(try book.read { try $0.verify().problems } == [])
        try ExternalBooks(book).check(through: .of("2026-12-31"))
    }

    @Test func `a loss is taken from equity, and other currencies stay`() throws {
        try book.write { ledger in
            try ledger.openAccount(NewAccount(code: "4900", name: "Sales abroad", kind: .revenue, currency: Currency("USD")), actor: book.user)
            try ledger.openAccount(NewAccount(code: "1900", name: "Dollars", kind: .asset, currency: Currency("USD")), actor: book.user)
        }
        try book.post("2026-12-07", .debit("1900", 10), .credit("4900", 10))
        try book.post("2026-12-07", .debit("5000", 5_000), .credit("1000", 5_000))
        #expect(try close().result.minor == -4_300)
        #expect(try book.posted("3000") == -4_300)
        #expect(try book.posted("4900") == 10)
    }

    @Test func `a preview says the same and writes nothing`() throws {
        let before = try book.contents()
        let month = try CalendarMonth("2026-12")
        let preview = try book.read { try $0.previewYearEnd(through: month, into: "3000", actor: book.user) }
        #expect(try book.contents() == before)
        var end = try close()
        #expect(preview.entries == [])
        end.entries = []
        #expect(preview == end)
    }

    @Test func `it goes to an account of equity that takes lines`() throws {
        try book.write {
            _ = try $0.openAccount(
                NewAccount(code: "3900", name: "Partners", kind: .equity, currency: Book.ghs, isControl: true), actor: book.user)
        }
        for code in ["1000", "1200", "4000", "3900"] { try expectRefusal("ledger.invalid", into: .code(code)) }
        try expectRefusal("ledger.account_unknown", into: "9999")
    }

    @Test func `the months before it are closed, its own is open, and nothing is held`() throws {
        let (november, december) = (try CalendarMonth("2026-11"), try CalendarMonth("2026-12"))
        try book.write { try $0.reopenPeriod(november, reason: "late", actor: book.user) }
        let error = try expectRefusal("ledger.period_open")
        #expect(error?.detail == "The year cannot end with 2026-12 while 2026-11 is open; close it first.")
        try book.write { try $0.closePeriod(november, actor: book.user) }
        let hold = try book.write {
            try $0.placeHold(
                NewHold(kind: "order", effectiveOn: .of("2026-12-05"), actor: book.user, lines: [.debit("1000", 5), .credit("4000", 5)]))
        }
        try expectRefusal("ledger.period_has_holds")
        try book.write { try $0.voidHold(hold.id, reason: "enough", actor: book.user) }
        try book.write { try $0.closePeriod(december, actor: book.user) }
        try expectRefusal("ledger.period_closed")
        try expectRefusal("ledger.period_missing", month: "2031-12")
        try book.write { try $0.reopenPeriod(december, reason: "late", actor: book.user) }
        #expect(try close().entries.count == 1)
    }

    @discardableResult
    private func expectRefusal(_ code: String, into account: AccountReference = "3000", month: String = "2026-12") throws -> LedgerError? {
        let month = try CalendarMonth(month)
        let preview = #expect(throws: LedgerError.self) {
            try book.read { try $0.previewYearEnd(through: month, into: account, actor: book.user) }
        }
        #expect(preview?.code == code)
        return try book.expectRefusal(code) { try $0.closeYear(through: month, into: account, actor: book.user) }
    }
}
