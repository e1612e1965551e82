import Core
import Foundation
import Storage
import Testing

@testable import Ledger

/// A book in a database file of its own, removed at the end.
final class Book {
    let folder: String
    let db: Connection
    let clock: ManualClock
    let ledger: Ledger
    static let ghs = try! Currency("GHS")
    let user = LedgerActor(id: 1, label: "user")

    /// Months from December 2025 to December 2026, the clock on 15 January 2026.
    init(accounts: Bool = true, memory: LedgerMemory = LedgerMemory()) throws {
        folder = NSTemporaryDirectory() + "ledger-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        clock = ManualClock(try Instant("2026-01-15T09:00:00Z"))
        db = try Connection(path: folder + "/tenant.db", mode: .writer)
        try Migrations.apply(Ledger.migrations, to: db, clock: clock)
        db.authorize(LedgerTables.keepsHistory)
        ledger = Ledger(db, clock: clock, memory: memory)
        if accounts { try openAccounts() }
    }

    deinit {
        db.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func openAccounts() throws {
        try write { ledger in
            try ledger.definePeriods(from: CalendarMonth("2025-12"), through: CalendarMonth("2026-12"), actor: user)
            for (code, name, kind) in [
                ("1000", "Cash", AccountKind.asset), ("1100", "Bank", .asset), ("2000", "Payables", .liability),
                ("2100", "Tax", .liability), ("3000", "Capital", .equity), ("4000", "Sales", .revenue),
                ("5000", "Costs", .expense),
            ] {
                try ledger.openAccount(NewAccount(code: code, name: name, kind: kind, currency: Self.ghs), actor: user)
            }
            try ledger.openAccount(
                NewAccount(code: "1200", name: "Receivables", kind: .asset, currency: Self.ghs, isControl: true), actor: user)
        }
    }

    /// As a lane does it: a savepoint of its own inside the turn's transaction.
    @discardableResult
    func write<T>(_ body: (Ledger) throws -> T) throws -> T {
        try db.transaction { try db.savepoint { try body(ledger) } }
    }

    /// A neighbour that sees only what is committed and remembers nothing.
    func read<T>(_ body: (Ledger) throws -> T) throws -> T {
        let reader = try Connection(path: folder + "/tenant.db", mode: .reader)
        defer { reader.close() }
        return try reader.transaction(.deferred) { try body(Ledger(reader, clock: clock)) }
    }

    func entry(_ date: String, _ lines: [NewLine], kind: String = "journal") throws -> NewEntry {
        NewEntry(kind: kind, effectiveOn: try CalendarDate(date), actor: user, lines: lines)
    }

    @discardableResult
    func post(_ date: String, _ lines: NewLine...) throws -> PostedEntry {
        try write { try $0.post(entry(date, lines)) }
    }

    func posted(_ account: AccountReference) throws -> Int64 { try read { try $0.balance(account).posted.minor } }

    func posted(_ account: AccountReference, asOf date: String, knownAt: KnownAt = .now) throws -> Int64 {
        try read { try $0.balance(account, asOf: CalendarDate(date), knownAt: knownAt).posted.minor }
    }

    /// Every row of every ledger table, to see that nothing has changed.
    func contents() throws -> [String] {
        let tables = try db.query(SQL("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'ledger_%' ORDER BY name")) {
            $0.text(0)
        }
        return try tables.flatMap { table in
            try db.query(SQL("SELECT * FROM \(table)")) { "\(table) \(Value.object($0.object))" }
        }
    }

    /// The body is refused with this code, and no row of any table is different afterwards.
    @discardableResult
    func expectRefusal(
        _ code: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: (Ledger) throws -> Void
    ) throws -> LedgerError? {
        let before = try contents()
        let error = #expect(throws: LedgerError.self, sourceLocation: sourceLocation) { try write(body) }
        #expect(error?.code == code, sourceLocation: sourceLocation)
        #expect(try contents() == before, "a refusal changed something", sourceLocation: sourceLocation)
        return error
    }
}

extension CalendarDate {
    static func of(_ text: String) -> CalendarDate { try! CalendarDate(text) }
}
