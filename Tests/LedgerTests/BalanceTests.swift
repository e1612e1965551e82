import Core
import Testing

@testable import Ledger

@Suite struct BalanceTests {
    let book: Book

    init() throws { book = try Book() }

    @Test func `a balance is of a day, whatever was recorded when`() throws {
        try book.post("2026-01-05", .debit("1000", 100), .credit("3000", 100))
        try book.post("2026-01-10", .debit("1000", 20), .credit("3000", 20))
        try book.post("2026-01-07", .debit("1000", 3), .credit("3000", 3))
        let days = ["2026-01-04", "2026-01-05", "2026-01-06", "2026-01-07", "2026-01-09", "2026-01-10", "2026-06-30"]
        #expect(try days.map { try book.posted("1000", asOf: $0) } == [0, 100, 100, 103, 103, 123, 123])
        #expect(try days.map { try book.posted("3000", asOf: $0) } == [0, 100, 100, 103, 103, 123, 123])
    }

    @Test func `what was known at a point stays as it was`() throws {
        try book.post("2026-01-05", .debit("1000", 100), .credit("3000", 100))
        book.clock.advance(milliseconds: 1000)
        let point = book.clock.now()
        book.clock.advance(milliseconds: 1000)
        try book.post("2026-01-04", .debit("1000", 20), .credit("3000", 20))
        #expect(try book.posted("1000", asOf: "2026-01-05") == 120)
        #expect(try book.posted("1000", asOf: "2026-01-05", knownAt: .instant(point)) == 100)
        #expect(try book.posted("1000", asOf: "2026-01-05", knownAt: .entry(1)) == 100)
        #expect(try book.posted("1000", asOf: "2026-01-05", knownAt: .entry(0)) == 0)
        #expect(try book.posted("1000", asOf: "2026-01-05", knownAt: .instant(Instant("2026-01-01T00:00:00Z"))) == 0)
        let trial = try book.read { try $0.trialBalance(asOf: .of("2026-01-04"), knownAt: .entry(1)) }
        #expect(trial.rows.isEmpty)
        #expect(trial.knownAs == 1)
    }

    @Test func `days are folded from the lines, whatever was rolled back in between`() throws {
        struct Refused: Error {}
        func post(_ count: Int, from first: Int) throws {
            for number in first..<(first + count) {
                let date = number % 3 == 0 ? "2026-01-05" : "2026-01-06"
                try book.post(date, .debit("1000", Int64(number)), .credit("4000", Int64(number)))
            }
        }
        // The first fold knows nothing of the entries before it, the second knows them all, the third lost what it knew.
        try post(1100, from: 1)
        #expect(throws: Refused.self) {
            try book.write { ledger in
                try ledger.post(book.entry("2026-01-05", [.debit("1000", 7), .credit("4000", 7)]))
                throw Refused()
            }
        }
        try post(436 + 20, from: 1101)
        #expect(throws: Refused.self) {
            try book.db.transaction {
                for _ in 0..<600 { try book.ledger.post(book.entry("2026-01-07", [.debit("1000", 7), .credit("4000", 7)])) }
                throw Refused()
            }
        }
        try post(492, from: 1557)
        #expect(try book.db.integer(.init("SELECT folded_through_id FROM ledger_books")) == 2048)
        let different = try book.db.integer(
            .init(
                """
                SELECT count(*) FROM
                  (SELECT effective_on, account_id, sum(debit_minor) debits, sum(credit_minor) credits FROM ledger_lines
                   WHERE entry_id <= 2048 GROUP BY effective_on, account_id) l
                FULL JOIN ledger_days d USING (effective_on, account_id)
                WHERE l.debits IS NOT d.debit_minor OR l.credits IS NOT d.credit_minor
                """))
        #expect(different == 0)
        #expect(try book.db.integer(.init("SELECT count(*) FROM ledger_days")) == 4)
    }

    @Test func `folding days changes no answer`() throws {
        // Enough entries for two folds and a rest, on days that come in no order.
        var expected: [String: Int64] = [:]
        try book.db.transaction {
            for number in 0..<1100 {
                let date = "2026-01-" + (number * 5 % 28 < 9 ? "0" : "") + String(number * 5 % 28 + 1)
                let amount = Int64(number + 1)
                try book.ledger.post(book.entry(date, [.debit("1000", amount), .credit("4000", amount)]))
                expected[date, default: 0] += amount
            }
        }
        #expect(try book.db.integer(.init("SELECT folded_through_id FROM ledger_books")) == 1024)
        var running: Int64 = 0
        for (date, amount) in expected.sorted(by: { $0.key < $1.key }) {
            running += amount
            #expect(try book.posted("1000", asOf: date) == running)
        }
        let lines = try book.read { try $0.statement("1000", from: .of("2026-01-03"), through: .of("2026-01-04"), limit: 1000) }
        #expect(lines.lines.map(\.amount.minor).reduce(0, +) == (expected["2026-01-03"]! + expected["2026-01-04"]!))
        #expect(try book.posted("1000", asOf: "2026-01-28", knownAt: .entry(10)) == 55)
        // LG-71: movements of an interval are the difference of the balances at its ends.
        let interval = try book.read { try $0.trialBalance(after: .of("2026-01-05"), asOf: .of("2026-01-15")) }
        let difference = try book.posted("1000", asOf: "2026-01-15") - book.posted("1000", asOf: "2026-01-05")
        #expect(interval.rows.first { $0.account.code == "1000" }?.balance.minor == difference)
    }

    @Test func `a day within a locked month has its own balance, not the month's`() throws {
        for (date, amount) in [("2025-12-05", 100), ("2025-12-20", 30), ("2026-01-10", 7)] as [(String, Int64)] {
            try book.post(date, .debit("1000", amount), .credit("3000", amount))
        }
        let december = try CalendarMonth("2025-12")
        try book.write { try $0.closePeriod(december, actor: book.user) }
        try book.write { try $0.lockPeriod(december, reason: "filed", actor: book.user) }
        for (date, amount) in [("2025-12-05", 100), ("2025-12-19", 100), ("2025-12-20", 130), ("2025-12-31", 130), ("2026-01-10", 137)] as [(String, Int64)] {
            #expect(try book.posted("1000", asOf: date) == amount, "\(date)")
            let trial = try book.read { try $0.trialBalance(asOf: CalendarDate(date)) }
            #expect(trial.rows.first { $0.account.code == "1000" }?.balance.minor == amount, "\(date)")
        }
    }

    @Test func `a statement runs from its opening to its closing balance, page by page`() throws {
        try book.post("2026-01-01", .debit("1000", 1000), .credit("3000", 1000))
        for day in 2...6 { try book.post("2026-01-0\(day)", .credit("1000", Int64(day)), .debit("5000", Int64(day))) }
        try book.post("2026-01-04", .debit("1000", 50), .credit("1000", 7), .credit("3000", 43))
        let whole = try book.read { try $0.statement("1000", from: .of("2026-01-03"), through: .of("2026-01-05")) }
        #expect(whole.opening.minor == 998)
        #expect(whole.lines.map(\.balance.minor) == [995, 991, 1041, 1034, 1029])
        #expect(whole.closing.minor == 1029)
        #expect(whole.next == nil)
        #expect(try book.posted("1000", asOf: "2026-01-05") == 1029)

        var pages: [Int64] = []
        var cursor: AccountStatement.Cursor?
        repeat {
            let page = try book.read {
                try $0.statement("1000", from: .of("2026-01-03"), through: .of("2026-01-05"), after: cursor, limit: 2)
            }
            pages += page.lines.map(\.balance.minor)
            cursor = page.next
        } while cursor != nil
        #expect(pages == whole.lines.map(\.balance.minor))
        let liability = try book.read { try $0.statement("3000", from: .of("2026-01-01"), through: .of("2026-01-31")) }
        #expect(liability.lines.map(\.balance.minor) == [1000, 1043])
    }

    @Test func `entries are found by account, date, source, kind and number`() throws {
        try book.post("2026-01-05", .debit("1000", 1), .credit("3000", 1))
        try book.post("2026-01-03", .debit("1100", 1), .credit("3000", 1))
        var sale = try book.entry("2026-01-04", [.debit("1000", 1), .credit("1000", 1)], kind: "sale")
        sale.source = EntrySource(type: "sales", id: 5)
        try book.write { try $0.post(sale) }
        func ids(_ filter: EntryFilter, after: EntryCursor? = nil, limit: Int = 50) throws -> [Int64] {
            try book.read { try $0.entries(filter, after: after, limit: limit).map(\.id) }
        }
        #expect(try ids(.init()) == [3, 2, 1])
        #expect(try ids(.init(), after: EntryCursor(effectiveOn: .of("2026-01-03"), entry: 2)) == [1])
        #expect(try ids(.init(account: "1000")) == [1, 3])
        #expect(try ids(.init(account: "1000"), after: EntryCursor(effectiveOn: .of("2026-01-05"), entry: 1)) == [3])
        #expect(try ids(.init(account: "3000", from: .of("2026-01-04"))) == [1])
        #expect(try ids(.init(from: .of("2026-01-03"), through: .of("2026-01-04"))) == [3, 2])
        #expect(try ids(.init(from: .of("2026-01-03")), limit: 2) == [1, 3])
        #expect(try ids(.init(from: .of("2026-01-03")), after: EntryCursor(effectiveOn: .of("2026-01-04"), entry: 3)) == [2])
        #expect(try ids(.init(source: EntrySource(type: "sales", id: 5))) == [3])
        #expect(try ids(.init(account: "1000", source: EntrySource(type: "sales", id: 5))) == [3])
        #expect(try ids(.init(kind: "sale")) == [3])
        #expect(try ids(.init(account: "5000")) == [])
        // Conditions narrow each other, whichever of them leads.
        let source = EntrySource(type: "sales", id: 5)
        #expect(try ids(.init(from: .of("2026-01-04"), through: .of("2026-01-04"), source: source)) == [3])
        #expect(try ids(.init(from: .of("2026-01-05"), source: source)) == [])
        #expect(try ids(.init(through: .of("2026-01-03"), source: source)) == [])
        var refund = try book.entry("2026-01-06", [.debit("1000", 1), .credit("1000", 1)], kind: "refund")
        refund.corrects = 3
        try book.write { try $0.post(refund) }
        #expect(try ids(.init(corrects: 3)) == [4])
        #expect(try ids(.init(through: .of("2026-01-05"), corrects: 3)) == [])
        // A cursor that somebody made up does not reach beyond the filter.
        let far = EntryCursor(effectiveOn: .of("2027-01-01"), entry: 99)
        #expect(try ids(.init(through: .of("2026-01-03")), after: far) == [2])
        #expect(try ids(.init(account: "1100", through: .of("2026-01-03")), after: far) == [2])
    }

    @Test func `sums beyond 64 bits are refused, whoever asks for them`() throws {
        // Two accounts that each hold what 64 bits can, under one: 9000 lines of 10^15 each.
        try book.write { ledger in
            for code in ["6000", "6001"] {
                try ledger.openAccount(
                    NewAccount(code: code, name: code, kind: .expense, currency: Book.ghs, parentCode: "5000"), actor: book.user)
            }
        }
        let largest = NewLine.maximumAmount
        try book.db.transaction {
            for code in ["6000", "6001"] {
                for count in [2000, 2000, 2000, 2000, 1000] {
                    let lines = (0..<count).flatMap { _ in [NewLine.debit(.code(code), largest), .credit("1000", largest)] }
                    try book.ledger.post(book.entry("2026-01-05", code == "6000" ? lines : lines.map { line in
                        var line = line
                        if line.side == .credit { line.account = "1100" }
                        return line
                    }))
                }
            }
        }
        func refused(_ body: (Ledger) throws -> Void) {
            let error = #expect(throws: LedgerError.self) { try book.read(body) }
            #expect(error?.code == "ledger.amount_overflow")
        }
        refused { _ = try $0.rolledUpBalance("5000") }
        refused { _ = try $0.balance("5000", asOf: .of("2026-01-31"), rollUp: true) }
        refused { _ = try $0.trialBalance().totals }
        #expect(try book.posted("6000") == 9000 * largest)
        try book.expectRefusal("ledger.amount_overflow") {
            try $0.post(book.entry("2026-01-05", (0..<300).flatMap { _ in [.debit("6000", largest), .credit("2000", largest)] }))
        }
        #expect(try book.read { try $0.verify().problems } == [])
    }

    @Test func `a statement's cursor that was made up changes no balance`() throws {
        for day in 1...3 { try book.post("2026-01-0\(day)", .debit("1000", 100), .credit("3000", 100)) }
        let page = try book.read {
            try $0.statement(
                "1000", from: .of("2026-01-01"), through: .of("2026-01-31"),
                after: .init(effectiveOn: .of("2026-01-02"), entry: 1, line: .max))
        }
        #expect(page.opening.minor == 100)
        #expect(page.lines.map(\.balance.minor) == [200, 300])
    }
}
