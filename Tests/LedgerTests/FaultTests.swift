import Core
import Foundation
import Storage
import Testing

@testable import Ledger

@Suite struct FaultTests {
    /// LG-14, LG-32: whichever statement of an operation fails, nothing of it is there, and the next one works.
    @Test(arguments: ["post", "reverse", "number", "hold", "capture", "void", "freeze", "close", "lock", "fold"])
    func `a failure at any statement leaves nothing behind`(operation: String) throws {
        let book = try Book()
        let user = book.user
        try book.write { ledger in
            try ledger.defineSeries(NewSeries(name: "s", format: NumberFormat("{year}-{seq}"), reset: .year), actor: user)
            try ledger.post(book.entry("2025-12-05", [.debit("1000", 100), .credit("3000", 100)]))
            try ledger.placeHold(
                NewHold(kind: "h", effectiveOn: .of("2026-01-05"), actor: user, lines: [.credit("1000", 5), .debit("5000", 5)]))
            try ledger.closePeriod(CalendarMonth("2025-12"), actor: user)
        }
        func run(_ ledger: Ledger) throws {
            switch operation {
            case "post":
                var entry = try book.entry("2026-01-05", [.debit("1000", 7), .credit("3000", 4), .credit("4000", 3)])
                entry.memo = "m"
                entry.source = EntrySource(type: "sales", id: 1)
                entry.idempotencyKey = "k"
                entry.isOncePerSource = true
                try ledger.post(entry)
            case "reverse": try ledger.reverse(entry: 1, effectiveOn: .of("2026-01-05"), reason: "x", actor: user)
            case "number": _ = try ledger.nextNumber(series: "s", date: .of("2026-01-05"), actor: user)
            case "hold":
                try ledger.placeHold(
                    NewHold(kind: "h", effectiveOn: .of("2026-01-05"), actor: user, lines: [.credit("1000", 5), .debit("5000", 5)]))
            case "capture":
                try ledger.captureHold(Capture(hold: 1, kind: "sale", effectiveOn: .of("2026-01-05"), actor: user))
            case "void": try ledger.voidHold(1, reason: "x", actor: user)
            case "freeze": try ledger.freeze("1000", reason: "x", actor: user)
            case "close": try ledger.closePeriod(CalendarMonth("2026-01"), actor: user)
            case "lock": try ledger.lockPeriod(CalendarMonth("2025-12"), reason: "x", actor: user)
            default: try ledger.foldDays(through: 1)
            }
        }
        let before = try book.contents()
        var failures = 0
        for number in 1...200 {
            do {
                try book.db.transaction {
                    book.db.failStatement(number, with: .constraint(try Self.violation()))
                    defer { book.db.failStatement(nil) }
                    try book.db.savepoint { try run(book.ledger) }
                }
                break
            } catch is StorageError {
                failures += 1
                #expect(try book.contents() == before, "statement \(number)")
            }
        }
        #expect(failures >= 3)
        #expect(failures < 199)
        #expect(try book.contents() != before)
        #expect(try book.read { try $0.verify().problems } == [])
    }

    private static func violation() throws -> ConstraintViolation {
        let db = try Connection(path: "", mode: .memory)
        do {
            try db.execute(script: "CREATE TABLE t (x INTEGER CHECK (x > 0)); INSERT INTO t VALUES (0)")
        } catch StorageError.constraint(let violation) { return violation }
        throw StorageError.misuse("no violation")
    }

    /// LG-31, SQ-03: power goes at the n-th change of the disk, for every n of a script of postings.
    @Test func `after a power cut what was answered is there, and the rest is whole or absent`() throws {
        let user = LedgerActor(id: 1, label: "user")
        var cuts = 0
        for number in 1...400 {
            let folder = NSTemporaryDirectory() + "ledger-cut-" + UUID().uuidString
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let faults = try DiskFaults(folder: folder)
            var options = Connection.Options()
            options.vfs = DiskFaults.vfs
            let clock = ManualClock(try Instant("2026-01-15T09:00:00Z"))
            var answered = 0
            do {
                let db = try Connection(path: folder + "/tenant.db", mode: .writer, options: options)
                defer { db.close() }
                try Migrations.apply(Ledger.migrations, to: db, clock: clock)
                let ledger = Ledger(db, clock: clock)
                try db.transaction {
                    try ledger.definePeriods(through: CalendarMonth("2026-01"), actor: user)
                    for code in ["1000", "4000"] {
                        try ledger.openAccount(NewAccount(code: code, name: code, kind: .asset, currency: Book.ghs), actor: user)
                    }
                    try ledger.defineSeries(NewSeries(name: "s", format: NumberFormat("S{seq}")), actor: user)
                }
                faults.cut(nth: number)
                for turn in 0..<6 {
                    try db.transaction {
                        for _ in 0...turn % 3 {
                            try db.savepoint {
                                _ = try ledger.nextNumber(series: "s", date: .of("2026-01-05"), actor: user)
                                try ledger.post(
                                    NewEntry(
                                        kind: "sale", effectiveOn: .of("2026-01-05"), actor: user,
                                        lines: [.debit("1000", 10), .credit("4000", 10)]))
                            }
                        }
                    }
                    answered += turn % 3 + 1
                    if turn == 3 { try db.checkpoint(.truncate) }
                }
            } catch is StorageError { cuts += 1 }
            let isOver = faults.hits == 0
            try faults.settle(Self.losses[number % 5], losesNames: number % 2 == 0, seed: UInt64(number))

            let db = try Connection(path: folder + "/tenant.db", mode: .writer, options: options)
            let ledger = Ledger(db, clock: clock)
            let report = try ledger.verify()
            #expect(report.problems == [], "cut at \(number)")
            #expect(report.entries >= Int64(answered), "cut at \(number): \(answered) were answered")
            #expect(try ledger.peekNumber(series: "s", date: .of("2026-01-05")).value == report.entries + 1)
            #expect(try ledger.balance("1000").posted.minor == report.entries * 10)
            db.close()
            if isOver { break }
        }
        #expect(cuts > 10)
        #expect(cuts < 400)
    }

    private static let losses = DiskFaults.Loss.allCases
}
