import Core
import Ledger
import Platform
import Server
import Storage
import Synchronization

/// Posting into a book of five million lines, beside posting into one of ten thousand: it must not get slower with age.
///
/// Both books are tenants' files with a tenant's lane: its connection, group commit, checkpoints and authorizer. Both have
/// the same business in them, the same number of entries a day; the old one has it for some three years.
enum PostBench {
    private static let linesPerEntry = 4
    /// Works that wait for the lane at any time.
    private static let waiting = 64
    private static let entriesPerDay = 1_250
    /// Enough for all of them.
    private static let days = 1_080
    private static let young = 10_000
    private static let old = 5_000_000

    static func run(_ bench: BenchRun) throws -> [Measurement] {
        let pool = LanePool(threads: 1)
        defer { pool.stop() }
        let large = try Book("\(bench.scratch)/book-old.db", pool)
        bench.say("posting \(old) lines")
        try large.post(lines: old)

        var intoYoung: [Double] = [], intoOld: [Double] = []
        for _ in 0..<max(bench.rounds, 5) {
            // A young book each time: what is measured would make it old.
            let small = try Book("\(bench.scratch)/book-young-\(intoYoung.count).db", pool)
            try small.post(lines: young)
            intoYoung.append(try small.linesPerSecond(posting: 20_000))
            intoOld.append(try large.linesPerSecond(posting: 20_000))
            try small.close()
        }
        try large.close()
        let value = median(intoOld), floor = median(intoYoung)
        return [
            Measurement(
                name: "post_flat", value: value / Double(linesPerEntry), unit: "entries/s at 5M lines",
                floor: floor / Double(linesPerEntry), bar: "ratio at least 0.8", isMet: value / floor >= 0.8,
                more: ["lines": .int(Int64(old)), "lines_per_entry": .int(Int64(linesPerEntry))])
        ]
    }

    /// A book with two hundred accounts that are posted to by turns, day after day.
    private final class Book {
        private let store: Store
        private let accounts: [AccountReference]
        private let places = Server.Semaphore(UInt32(waiting))
        private let actor = LedgerActor(id: 0, label: "bench")
        private var day: CalendarDate
        private var count = 0

        init(_ path: String, _ pool: LanePool) throws {
            var configuration = StoreConfiguration(migrations: TenantMigrations.all)
            configuration.opened = { db in db.authorize(TenantMigrations.keepsHistory) }
            store = Store(path: path, configuration: configuration, pool: pool)
            let currency = try Currency("GHS")
            let today = SystemClock().now().utcDate
            let first = try today.adding(days: -days)
            let actor = actor
            accounts = try store.write { db in
                let ledger = db.ledger(clock: SystemClock())
                try ledger.definePeriods(from: first.calendarMonth, through: today.calendarMonth, actor: actor)
                return try (0..<200).map { number in
                    let kind: AccountKind = number % 2 == 0 ? .asset : .revenue
                    return .code(
                        try ledger.openAccount(
                            NewAccount(code: "A\(number)", name: "Account \(number)", kind: kind, currency: currency), actor: actor
                        ).code)
                }
            }
            day = first
        }

        func post(lines: Int) throws {
            let failures = Failures()
            for _ in 0..<(lines / linesPerEntry) {
                places.wait()
                try store.submit(Posting(try next(), places, failures))
            }
            for _ in 0..<waiting { places.wait() }
            for _ in 0..<waiting { places.signal() }
            if let error = failures.first { throw error }
        }

        private func next() throws -> NewEntry {
            count += 1
            if count % entriesPerDay == 0 { day = try day.adding(days: 1) }
            let amount = Int64(100 + count % 977)
            return NewEntry(
                kind: "bench", effectiveOn: day, actor: actor,
                lines: [
                    .debit(accounts[count * 2 % 200], amount * 2), .debit(accounts[(count * 2 + 46) % 200], amount),
                    .credit(accounts[(count * 2 + 1) % 200], amount * 2), .credit(accounts[(count * 2 + 57) % 200], amount),
                ], source: EntrySource(type: "bench", id: Int64(count)))
        }

        func linesPerSecond(posting lines: Int) throws -> Double {
            let start = monotonicNanoseconds()
            try post(lines: lines)
            return Double(lines) / (Double(monotonicNanoseconds() - start) / 1e9)
        }

        func close() throws { try store.retire("the measurement is over") }
    }

    /// One request that posts one entry.
    private final class Posting: LaneWork {
        private let entry: NewEntry
        private let places: Server.Semaphore
        private let failures: Failures

        init(_ entry: NewEntry, _ places: Server.Semaphore, _ failures: Failures) {
            self.entry = entry
            self.places = places
            self.failures = failures
        }

        func perform(_ db: Connection) throws { try db.ledger(clock: SystemClock()).post(entry) }
        func refused(_ error: any Error, _ db: Connection) {}

        func finished(_ outcome: LaneOutcome) {
            switch outcome {
            case .committed: break
            case .refused(let error): failures.note(error)
            case .failed(let error): failures.note(error)
            }
            places.signal()
        }
    }

    private final class Failures: Sendable {
        private let kept = Mutex<(any Error)?>(nil)

        var first: (any Error)? { kept.withLock { $0 } }
        func note(_ error: any Error) { kept.withLock { if $0 == nil { $0 = error } } }
    }
}
