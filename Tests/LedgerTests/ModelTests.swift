import Core
import Storage
import Testing

@testable import Ledger

/// Random operations against the ledger and against `ModelBook`: the same answers, the same balances, and the laws of
/// the house after each.
@Suite struct ModelTests {
    static let operations = 1000

    @Test(arguments: UInt64(1)...24)
    func `the ledger does what the slow and obvious book does`(seed: UInt64) throws {
        let run = try ModelRun(seed: seed)
        try run.go(Self.operations)
    }
}

private final class ModelRun {
    private struct Undo: Error {}
    private struct Fact {
        let account: String
        let day: Int
        let known: Int
        let value: Int64
    }

    private let seed: UInt64
    private let book: Book
    private var random: SeededGenerator
    private var model = ModelBook()
    private var facts: [Fact] = []
    private var step = 0
    private var accepted = 0
    private var codes: Set<String> = []
    private let first = CalendarDate.of("2025-12-01")

    init(seed: UInt64) throws {
        self.seed = seed
        book = try Book()
        random = SeededGenerator(seed: seed)
        for (code, isDebit) in [
            ("1000", true), ("1100", true), ("2000", false), ("2100", false), ("3000", false), ("4000", false), ("5000", true),
        ] { model.accounts.append(.init(code: code, isDebitNormal: isDebit, currency: "GHS")) }
        model.accounts.append(.init(code: "1200", isDebitNormal: true, currency: "GHS", isControl: true))
        try book.write { ledger in
            for code in ["1500", "1501"] {
                try ledger.openAccount(NewAccount(code: code, name: code, kind: .asset, currency: Currency("USD")), actor: book.user)
            }
            try ledger.defineSeries(NewSeries(name: "s", format: NumberFormat("S{year}-{seq}"), reset: .year), actor: book.user)
        }
        for code in ["1500", "1501"] { model.accounts.append(.init(code: code, isDebitNormal: true, currency: "USD")) }
    }

    func go(_ operations: Int) throws {
        while step < operations { try turn() }
        // Most of what can happen did: a run that refuses everything would prove nothing.
        #expect(accepted > operations / 5, "seed \(seed)")
        #expect(codes.count > 12, "seed \(seed): \(codes)")
        let report = try book.read { try $0.verify() }
        #expect(report.problems == [], "seed \(seed)")
        #expect(report.entries == Int64(model.entries.count), "seed \(seed)")
    }

    /// Some operations in one transaction, which now and then is lost as a whole.
    private func turn() throws {
        let before = (model, facts)
        let isLost = random.chance(5)
        do {
            try book.db.transaction {
                for _ in 0...random.below(8) { try operation() }
                if isLost { throw Undo() }
            }
        } catch is Undo { (model, facts) = before }
        try checkBalances("a turn")
        if random.chance(2) {
            #expect(try book.read { try $0.verify().problems } == [], "seed \(seed), step \(step)")
        }
    }

    private func operation() throws {
        step += 1
        book.clock.advance(milliseconds: Int64(random.below(3)))
        var next = model
        let (name, expected, act) = choose(&next)
        let isUndone = random.chance(8)
        let changes = book.db.totalChanges
        var code = ""
        var changed = 0
        do {
            try book.db.savepoint {
                do { try act(book.ledger) } catch {
                    changed = book.db.totalChanges - changes
                    throw error
                }
                if isUndone { throw Undo() }
            }
        } catch let error as LedgerError { code = String(error.code.dropFirst("ledger.".count)) } catch is Undo {}
        let place = "seed \(seed), step \(step), \(name)"
        try #require(code == expected, "\(place)")
        #expect(changed == 0, "\(place): a refusal had written (LG-14)")
        if !code.isEmpty { codes.insert(code) }
        if code.isEmpty, !isUndone {
            try checkLimits(from: model, to: next, place)
            model = next
            accepted += 1
        }
        try checkBalances(place)
        try checkHolds(place)
        try checkFacts(place)
        if step.isMultiple(of: 10) { try checkNumbers(place) }
    }

    // MARK: What to do next

    private typealias Choice = (name: String, expected: String, act: (Ledger) throws -> Void)

    private func choose(_ model: inout ModelBook) -> Choice {
        let user = book.user
        switch random.below(100) {
        case 0..<38: return post(&model)
        case 38..<48:
            let (number, day) = (1 + random.below(model.entries.count + 2), anyDay())
            return ("reverse \(number)", model.reverse(number, day: day), { [self] ledger in
                try ledger.reverse(entry: Int64(number), effectiveOn: date(day), reason: "r", actor: user)
            })
        case 48..<58:
            let (lines, day) = (anyLines(), anyDay())
            let expires = random.chance(50) ? book.clock.now().milliseconds + Int64(1 + random.below(200)) : nil
            return ("hold", model.hold(lines, day: day, expires: expires), { [self] ledger in
                try ledger.placeHold(
                    NewHold(
                        kind: "h", effectiveOn: date(day), expiresAt: expires.map { Instant(milliseconds: $0) }, actor: user,
                        lines: new(lines)))
            })
        case 58..<68: return capture(&model)
        case 68..<72:
            let number = 1 + random.below(model.holds.count + 1)
            return ("void \(number)", model.end(number, "voided"), { try $0.voidHold(Int64(number), reason: "r", actor: user) })
        case 72..<74:
            let now = book.clock.now().milliseconds
            for (index, hold) in model.holds.enumerated() where hold.isLive && hold.expires ?? .max <= now {
                _ = model.end(index + 1, "expired")
            }
            return ("expire", "", { try $0.expireHolds(limit: 1000, actor: user) })
        case 74..<86: return account(&model)
        case 86..<92: return period(&model)
        default: return number(&model)
        }
    }

    private func post(_ model: inout ModelBook) -> Choice {
        let (lines, day) = (anyLines(), anyDay())
        let key = random.chance(25) ? "k\(random.below(40))" : nil
        let conditions = random.chance(5) ? [ModelBook.Condition(account: "1000", atLeast: Int128(random.below(2000)) - 500)] : []
        var entry = ModelBook.Entry(day: day, lines: lines, key: key)
        if random.chance(15) {
            entry.corrects = 1 + random.below(model.entries.count + 1)
            if random.chance(90), model.entries.indices.contains(entry.corrects! - 1) {
                // Part of it, taken back.
                let amount = Int128(1 + random.below(100))
                entry.lines = model.entries[entry.corrects! - 1].lines.prefix(2).map {
                    .init(account: $0.account, isDebit: !$0.isDebit, amount: amount)
                }
            }
        }
        if let key, random.chance(60), let old = model.entries.first(where: { $0.key == key }) { entry = old }
        let expected = model.post(entry, conditions)
        return ("post", expected, { [self] ledger in
            try ledger.post(
                NewEntry(
                    kind: "journal", effectiveOn: date(entry.day), actor: book.user, lines: new(entry.lines),
                    corrects: entry.corrects.map { Int64($0) }, idempotencyKey: key,
                    conditions: conditions.map { BalanceCondition(.code($0.account), .available, atLeast: Int64($0.atLeast)) }))
        })
    }

    private func capture(_ model: inout ModelBook) -> Choice {
        let number = 1 + random.below(model.holds.count + 1)
        let (isFinal, day) = (random.chance(30), anyDay())
        var parts: [(line: Int, amount: Int128)]?
        if random.chance(60), model.holds.indices.contains(number - 1) {
            let hold = model.holds[number - 1]
            let amount = Int128(1 + random.below(60))
            parts = [1, 2].filter { $0 <= hold.lines.count }.map { ($0, amount) }
            if random.chance(10) { parts?[0].amount += 1 }
        }
        return ("capture \(number)", model.capture(number, parts, isFinal: isFinal, day: day), { [self] ledger in
            try ledger.captureHold(
                Capture(
                    hold: Int64(number), lines: parts?.map { CaptureLine(line: $0.line, amount: Int64($0.amount)) },
                    isFinal: isFinal, kind: "sale", effectiveOn: date(day), actor: book.user))
        })
    }

    private func account(_ model: inout ModelBook) -> Choice {
        let (code, user) = (anyCode(), book.user)
        switch random.below(12) {
        case 0:
            let sides: [Side] = random.pick([[.debit], [.credit], [.debit, .credit]])
            let expected = model.change(code) { account in for side in sides { account.frozen.insert(side.rawValue) } }
            return ("freeze \(code)", expected, { try $0.freeze(.code(code), side: sides.count == 1 ? sides[0] : nil, reason: "r", actor: user) })
        case 1...5:
            return ("unfreeze \(code)", model.change(code) { $0.frozen = [] }, { try $0.unfreeze(.code(code), reason: "r", actor: user) })
        case 6, 7, 8:
            let limit = random.chance(40) ? nil : Int64(random.below(500))
            return ("limit \(code)", model.change(code) { $0.overdraft = limit.map { Int128($0) } }, {
                try $0.setLimit(.code(code), limit.map { .overdraft($0) } ?? .none, reason: "r", actor: user)
            })
        case 9:
            let code = random.chance(70) ? "1200:c\(random.below(9))" : code
            return ("close \(code)", model.close(code), { try $0.closeAccount(.code(code), reason: "r", actor: user) })
        default:
            let key = "c\(random.below(9))"
            if model.account("1200:\(key)") == nil {
                model.accounts.append(
                    .init(
                        code: "1200:\(key)", isDebitNormal: true, currency: "GHS", parent: "1200",
                        overdraft: model.account("1200")!.overdraft))
            }
            return ("open \(key)", "", { try $0.openSubaccount(control: "1200", key: key, name: key, actor: user) })
        }
    }

    private func period(_ model: inout ModelBook) -> Choice {
        let (month, user) = (random.below(3), book.user)
        let calendar = try! CalendarMonth(first.calendarMonth.adding(months: month).description)
        switch random.below(20) {
        case 0..<5:
            return ("close \(month)", model.move(month, "open", "closed"), { try $0.closePeriod(calendar, actor: user) })
        case 5..<19:
            return ("reopen \(month)", model.move(month, "closed", "open"), { try $0.reopenPeriod(calendar, reason: "r", actor: user) })
        default:
            return ("lock \(month)", model.move(month, "closed", "locked"), { try $0.lockPeriod(calendar, reason: "r", actor: user) })
        }
    }

    private func number(_ model: inout ModelBook) -> Choice {
        let day = random.below(390)
        let year = day < 31 ? 2025 : 2026
        let next = model.numbers[year] ?? 1
        if random.chance(10) {
            let asked = next + Int64(random.below(4)) - 1
            if asked > next { model.numbers[year] = asked }
            return ("adjust", asked > next ? "" : "series_not_forward", { [self] ledger in
                try ledger.adjustSeries("s", date: date(day), next: asked, reason: "r", actor: book.user)
            })
        }
        model.numbers[year] = next + 1
        return ("number", "", { [self] ledger in
            let number = try ledger.nextNumber(series: "s", date: date(day), actor: book.user)
            #expect(number.value == next && number.text == "S\(year)-\(next)", "seed \(seed), step \(step)")
        })
    }

    // MARK: Chance

    private func date(_ day: Int) -> CalendarDate { try! first.adding(days: day) }

    /// Mostly in January 2026, now and then in closed or undefined months.
    private func anyDay() -> Int {
        switch random.below(20) {
        case 0: -1 - random.below(40)
        case 1: 430 + random.below(1000)
        case 2, 3: random.below(31)
        case 4, 5, 6: 62 + random.below(300)
        default: 31 + random.below(31)
        }
    }

    private func anyCode() -> String {
        switch random.below(40) {
        case 0: "9999"
        case 1: "1200"
        case 2...9: "1200:c\(random.below(9))"
        case 10, 11: random.pick(["1500", "1501"])
        default: random.pick(["1000", "1100", "2000", "2100", "3000", "4000", "5000"])
        }
    }

    /// Balanced, unless it is to be refused.
    private func anyLines() -> [ModelBook.Line] {
        var lines: [ModelBook.Line] = []
        for _ in 0...random.below(2) {
            let amount = Int128(1 + random.below(300))
            let isDebit = random.chance(50)
            lines.append(.init(account: anyCode(), isDebit: isDebit, amount: amount))
            if amount > 2, random.chance(40) {
                let part = Int128(1 + random.below(Int(amount) - 1))
                lines.append(.init(account: anyCode(), isDebit: !isDebit, amount: part))
                lines.append(.init(account: anyCode(), isDebit: !isDebit, amount: amount - part))
            } else {
                lines.append(.init(account: anyCode(), isDebit: !isDebit, amount: amount))
            }
        }
        switch random.below(40) {
        case 0: lines[0].amount += 1
        case 1: lines[0].amount = Int128(random.below(3)) - 2
        case 2: lines.removeLast(lines.count - 1)
        default: break
        }
        return lines
    }

    private func new(_ lines: [ModelBook.Line]) -> [NewLine] {
        lines.map { NewLine(.code($0.account), $0.isDebit ? .debit : .credit, Int64($0.amount)) }
    }

    // MARK: The laws of the house

    private static let selectBalances = SQL(
        """
        SELECT a.code, a.currency, b.posted_debits_minor, b.posted_credits_minor, b.pending_debits_minor,
          b.pending_credits_minor FROM ledger_accounts a JOIN ledger_balances b ON b.account_id = a.id ORDER BY a.code
        """)

    /// LG-60: every balance is what the history folds to. LG-04: and the two sides of the house agree.
    private func checkBalances(_ place: String) throws {
        let rows = try book.db.query(Self.selectBalances) { row in
            (code: row.text(0), currency: row.text(1), sums: (2..<6).map { Int128(row.int($0)) })
        }
        #expect(rows.map(\.code) == model.accounts.map(\.code).sorted(), "\(place)")
        var totals: [String: [Int128]] = [:]
        for row in rows {
            let (posted, pending) = (model.posted(row.code), model.pending(row.code))
            let wanted = [posted.debits, posted.credits, pending.debits, pending.credits]
            try #require(row.sums == wanted, "\(place): \(row.code)")
            totals[row.currency, default: [0, 0]][0] += row.sums[0] - row.sums[1]
            totals[row.currency, default: [0, 0]][1] += row.sums[2] - row.sums[3]
        }
        #expect(totals.values.allSatisfy { $0 == [0, 0] }, "\(place)")
    }

    /// LG-50: within its limit, or no worse than before.
    private func checkLimits(from: ModelBook, to: ModelBook, _ place: String) throws {
        guard to.entries.count > from.entries.count || to.holds.count > from.holds.count else { return }
        for account in to.accounts {
            guard let overdraft = account.overdraft, from.account(account.code) != nil else { continue }
            let (before, after) = (from.available(account.code), to.available(account.code))
            #expect(after >= -overdraft || after >= before, "\(place): \(account.code)")
        }
    }

    /// LG-51: a hold ends once, and what was held is captured or released, leg by leg.
    private func checkHolds(_ place: String) throws {
        guard !model.holds.isEmpty else { return }
        let index = random.below(model.holds.count)
        let (hold, wanted) = (try book.ledger.hold(Int64(index + 1)), model.holds[index])
        #expect(hold.state.rawValue == wanted.state, "\(place): hold \(index + 1)")
        #expect(hold.lines.map { Int128($0.captured) } == wanted.captured, "\(place): hold \(index + 1)")
        #expect(hold.lines.map { Int128($0.released) } == wanted.released, "\(place): hold \(index + 1)")
        if !hold.state.isLive { #expect(hold.lines.allSatisfy { $0.remaining == 0 }, "\(place): hold \(index + 1)") }
    }

    /// LG-70: the balance of a day as known at a point is what the history folds to, and never changes.
    private func checkFacts(_ place: String) throws {
        let account = random.pick(model.accounts.filter { !$0.isControl })
        let (day, known) = (random.below(400), random.below(model.entries.count + 1))
        let sums = model.posted(account.code, through: day, known: known)
        let value = Int64(account.isDebitNormal ? sums.debits - sums.credits : sums.credits - sums.debits)
        try check(Fact(account: account.code, day: day, known: known, value: value), place)
        if let old = facts.randomElement(using: &random) { try check(old, place + ", again") }
        facts.append(Fact(account: account.code, day: day, known: known, value: value))
    }

    private func check(_ fact: Fact, _ place: String) throws {
        let found = try book.ledger.balance(.code(fact.account), asOf: date(fact.day), knownAt: .entry(Int64(fact.known)))
        #expect(found.posted.minor == fact.value, "\(place): \(fact.account) on day \(fact.day) as of entry \(fact.known)")
    }

    private static let selectNumbers = SQL(
        """
        SELECT s.first, s.next, count(e.id), min(json_extract(e.payload, '$.number')), max(json_extract(e.payload, '$.number'))
        FROM ledger_series_segments s
          LEFT JOIN ledger_events e ON e.kind = 'series.number_taken' AND e.subject_id = s.id
        GROUP BY s.id
        """)

    /// SQ-02: the numbers of a segment are exactly first...next - 1.
    private func checkNumbers(_ place: String) throws {
        try book.db.each(Self.selectNumbers) { row in
            let (first, next, count) = (row.int(0), row.int(1), row.int(2))
            #expect(count == next - first, "\(place)")
            if count > 0 { #expect(row.int(3) == first && row.int(4) == next - 1, "\(place)") }
            return true
        }
    }
}
