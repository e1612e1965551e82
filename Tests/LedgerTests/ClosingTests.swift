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
    }

    private func close(_ date: String = "2026-12-31", into account: AccountReference = "3000") throws -> [PostedEntry] {
        try book.write { try $0.closeYear(through: .of(date), into: account, memo: "Year end", actor: book.user) }
    }

    @Test func `the result of a year goes to equity, and the next year starts at zero by the entries alone`() throws {
        let entries = try close()
        #expect(entries.count == 1)
        let entry = try book.read { try $0.entry(entries[0].id) }
        #expect(entry.kind == "closing")
        #expect(entry.effectiveOn == .of("2026-12-31"))
        #expect(entry.lines.map { "\($0.accountCode) \($0.side) \($0.amount.minor)" } == ["4000 debit 1000", "5000 credit 300", "3000 credit 700"])
        #expect(try ["4000", "5000", "3000"].map { try book.posted(.code($0), asOf: "2026-12-31") } == [0, 0, 700])
        #expect(try book.posted("4000", asOf: "2026-12-30") == 1_000)
        #expect(try close() == [])
        // What comes late is taken by closing once more.
        try book.post("2026-02-01", .debit("5000", 50), .credit("1000", 50))
        #expect(try close().count == 1)
        #expect(try book.posted("3000") == 650)
        #expect(try book.read { try $0.verify().problems } == [])
    }

    @Test func `a loss is taken from equity, and other currencies stay`() throws {
        try book.write { ledger in
            try ledger.openAccount(NewAccount(code: "4900", name: "Sales abroad", kind: .revenue, currency: Currency("USD")), actor: book.user)
            try ledger.openAccount(NewAccount(code: "1900", name: "Dollars", kind: .asset, currency: Currency("USD")), actor: book.user)
        }
        try book.post("2026-01-07", .debit("1900", 10), .credit("4900", 10))
        try book.post("2026-01-07", .debit("5000", 5_000), .credit("1000", 5_000))
        _ = try close()
        #expect(try book.posted("3000") == -4_300)
        #expect(try book.posted("4900") == 10)
    }

    @Test func `it goes to an account of equity, in an open month`() throws {
        for code in ["1000", "1200", "4000"] {
            try book.expectRefusal("ledger.invalid") {
                try $0.closeYear(through: .of("2026-12-31"), into: .code(code), actor: book.user)
            }
        }
        try book.write { try $0.closePeriod(CalendarMonth("2026-12"), actor: book.user) }
        try book.expectRefusal("ledger.period_closed") {
            try $0.closeYear(through: .of("2026-12-31"), into: "3000", actor: book.user)
        }
    }
}
