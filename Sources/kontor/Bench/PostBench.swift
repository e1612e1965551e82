import Core
import Ledger
import Storage

/// Posting into a book of five million lines, beside posting into one of ten thousand: it must not get slower with age.
enum PostBench {
    private static let linesPerEntry = 4
    private static let entriesPerTransaction = 64
    private static let small = 10_000
    private static let large = 5_000_000

    static func run(_ bench: BenchRun) throws -> [Measurement] {
        let young = try Book("\(bench.scratch)/book-small.db")
        try young.post(lines: small)
        let old = try Book("\(bench.scratch)/book-large.db")
        bench.say("posting \(large) lines")
        try old.post(lines: large)

        var intoYoung: [Double] = [], intoOld: [Double] = []
        for _ in 0..<max(bench.rounds, 5) {
            // A young book each time: what is measured would make it old.
            let copy = try Book("\(bench.scratch)/book-\(intoYoung.count).db")
            try copy.post(lines: small)
            intoYoung.append(try copy.linesPerSecond(posting: 20_000))
            intoOld.append(try old.linesPerSecond(posting: 20_000))
        }
        let value = median(intoOld), floor = median(intoYoung)
        return [
            Measurement(
                name: "post_flat", value: value / Double(linesPerEntry), unit: "entries/s at 5M lines",
                floor: floor / Double(linesPerEntry), bar: "ratio at least 0.8", isMet: value / floor >= 0.8,
                more: ["lines": .int(Int64(large)), "lines_per_entry": .int(Int64(linesPerEntry))])
        ]
    }

    /// A book with two hundred accounts that are posted to by turns.
    private final class Book {
        private let db: Connection
        private let ledger: Ledger
        private let accounts: [AccountReference]
        private let actor: LedgerActor
        private var count = 0

        init(_ path: String) throws {
            db = try Connection(path: path, mode: .writer)
            try Migrations.apply(Ledger.migrations, to: db)
            let ledger = Ledger(db, clock: SystemClock(), memory: LedgerMemory())
            let actor = LedgerActor(id: 0, label: "bench")
            self.ledger = ledger
            self.actor = actor
            let currency = try Currency("GHS")
            var opened: [AccountReference] = []
            try db.transaction {
                let january = try CalendarMonth(year: 2026, month: 1)
                try ledger.definePeriods(from: january, through: january, actor: actor)
                for number in 0..<200 {
                    let kind: AccountKind = number % 2 == 0 ? .asset : .revenue
                    let account = try ledger.openAccount(
                        NewAccount(code: "A\(number)", name: "Account \(number)", kind: kind, currency: currency), actor: actor)
                    opened.append(.code(account.code))
                }
            }
            accounts = opened
        }

        func post(lines: Int) throws {
            let day = try CalendarDate("2026-01-05")
            var left = lines / linesPerEntry
            while left > 0 {
                let batch = min(left, entriesPerTransaction)
                try db.transaction {
                    for _ in 0..<batch { try postOne(day) }
                }
                left -= batch
                if db.walFrames > 4_000 { _ = try db.checkpoint(.passive) }
            }
        }

        private func postOne(_ day: CalendarDate) throws {
            count += 1
            let amount = Int64(100 + count % 977)
            try ledger.post(
                NewEntry(
                    kind: "bench", effectiveOn: day.adding(days: count % 27), actor: actor,
                    lines: [
                        .debit(accounts[count * 2 % 200], amount * 2), .debit(accounts[(count * 2 + 46) % 200], amount),
                        .credit(accounts[(count * 2 + 1) % 200], amount * 2), .credit(accounts[(count * 2 + 57) % 200], amount),
                    ], source: EntrySource(type: "bench", id: Int64(count))))
        }

        func linesPerSecond(posting lines: Int) throws -> Double {
            let start = monotonicNanoseconds()
            try post(lines: lines)
            return Double(lines) / (Double(monotonicNanoseconds() - start) / 1e9)
        }
    }
}
