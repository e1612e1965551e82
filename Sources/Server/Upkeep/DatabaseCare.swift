import Core
import Glibc
import Platform
import Storage

/// Keeps the tenants' databases in shape: each week at night it builds their indexes anew, learns how values are spread, and
/// writes a file anew that holds much free room. Each step is taken between two turns of the lane and given up as soon as
/// somebody wants to write, so that a sale waits for a fraction of a second at most.
///
/// It waits for the disk: for workers, its own thread and the command line.
package struct DatabaseCare: Sendable {
    package struct Settings: Sendable, Equatable {
        package var isEnabled = true
        /// In each tenant's time zone.
        package var cron = "0 3 * * 0"

        package var value: Value { ["enabled": .bool(isEnabled), "cron": .string(cron)] }
    }

    private static let key = "maintenance"
    /// How late after its time it may still begin: a server that starts in the morning waits for the next night.
    private static let graceSeconds: Int64 = 3 * 3_600
    /// How often a step is begun that somebody else stops.
    private static let attempts = 4
    private static let pauseMicroseconds: UInt32 = 50_000
    /// How long a step may go on while somebody waits.
    private static let patienceNanoseconds: UInt64 = 20_000_000
    /// Of fewer pages one learns nothing that holds when there are many.
    private static let leastPagesToAnalyse: Int64 = 32
    /// Free pages are used again; a file is written anew where they are a quarter of it, and a megabyte.
    private static let leastFreePages: Int64 = 256
    /// Putting the new file in place holds the lane, about 2.5 ms for each megabyte.
    private static let mostBytesByItself: Int64 = 64 << 20

    private let instance: Instance
    private let isStopping: @Sendable () -> Bool

    package init(_ instance: Instance, isStopping: @escaping @Sendable () -> Bool = { false }) {
        self.instance = instance
        self.isStopping = isStopping
    }

    // MARK: When

    package func settings() throws -> Settings {
        var settings = Settings()
        let stored = try instance.system.setting(Self.key)
        settings.isEnabled = stored?["enabled"]?.bool ?? settings.isEnabled
        settings.cron = stored?["cron"]?.string ?? settings.cron
        return settings
    }

    /// - Throws: 422 `maintenance.cron_invalid`.
    package func change(_ value: Value, actor: ActingUser) throws -> Settings {
        var next = try settings()
        next.isEnabled = value["enabled"]?.bool ?? next.isEnabled
        next.cron = value["cron"]?.string ?? next.cron
        do throws(CalendarError) {
            _ = try CronLine(next.cron)
        } catch {
            throw Problem(
                422, "maintenance.cron_invalid", "“\(next.cron.prefix(100))” is no cron line such as 0 3 * * 0: \(error).", field: "cron")
        }
        try instance.system.setSetting(Self.key, next.value, actor: actor)
        return next
    }

    /// Whose turn it is now. Opens no database, so tenants that only read may be among them: `run` refuses these.
    package func due(now: Instant) throws -> [Tenant] {
        let settings = try settings()
        guard settings.isEnabled, let cron = try? CronLine(settings.cron) else { return [] }
        let times = instance.directory.all.filter(\.isActive).compactMap { tenant -> (tenant: Tenant, due: Instant)? in
            cron.times(after: now.adding(seconds: -Self.graceSeconds), through: now, in: tenant.timeZone, limit: 1).last.map { (tenant, $0) }
        }
        guard !times.isEmpty else { return [] }
        let newest = try instance.system.newestMaintenance()
        return times.filter { item in newest[item.tenant.id].map { $0 < item.due } ?? true }.map(\.tenant)
            .filter { $0.readOnlyMark == nil }
    }

    // MARK: What

    /// Brings a tenant's database into shape and writes down how that went.
    /// - Parameter full: a large file is written anew too, which holds its changes as long as that takes.
    /// - Throws: 423 `tenant.read_only`; what keeps the result from being written down.
    package func run(_ tenant: Tenant, full: Bool = false, actor: ActingUser) throws -> MaintenanceRun {
        var run = MaintenanceRun(tenantID: tenant.id, actor: actor)
        try tenant.loadWritability()
        try tenant.requireWritable()
        do {
            try care(for: tenant, full: full, &run)
        } catch {
            run.result = .failed
            run.detail = (error as? any ProblemConvertible)?.problem.detail ?? "\(error)"
        }
        run.finishedAt = instance.clock.now()
        return try instance.system.record(run)
    }

    private func care(for tenant: Tenant, full: Bool, _ run: inout MaintenanceRun) throws {
        let store = tenant.store
        let (sizes, faults) = try store.readAlone { db in (try db.fileSizes(), try db.soundness(full: false)) }
        (run.bytesBefore, run.freeBytesBefore) = (sizes.bytes, sizes.freeBytes)
        (run.bytesAfter, run.freeBytesAfter) = (sizes.bytes, sizes.freeBytes)
        // Nothing is moved in a file that is damaged.
        if let fault = faults.first { throw StorageError.corrupt(fault) }
        var left: [String] = []
        let indexes = try store.read { db in try db.query(Self.selectIndexes) { $0.text(0) } }
        for index in indexes {
            if try step(store, { db, stop in try db.rebuild(index: index, stop: stop) }) { run.indexesRebuilt += 1 } else { left.append(index) }
        }
        let pages = Dictionary(sizes.parts.filter { !$0.isIndex }.map { ($0.name, $0.pages) }, uniquingKeysWith: +)
        let tables = try store.read { db in try db.query(Self.selectTables) { $0.text(0) } }
        for table in tables {
            if pages[table] ?? 0 < Self.leastPagesToAnalyse {
                try store.betweenTurns { db, _ in try db.forgetAnalysis(of: table) }
            } else if try step(store, { db, stop in try db.analyse(table: table, stop: stop) }) {
                run.tablesAnalysed += 1
            } else {
                left.append(table)
            }
        }
        let now = try store.read { db in try db.pageCounts() }
        let isWorth = now.free >= Self.leastFreePages && now.free * 4 >= now.pages
        if isWorth, full || (now.pages - now.free) * now.size <= Self.mostBytesByItself {
            run.isCompacted = try step(store) { db, stop in try db.compact(stop: stop) }
            if !run.isCompacted { left.append("free pages") }
        } else if isWorth {
            run.detail = "\((now.free * now.size) >> 20) MiB are free and used again; kontor db maintain --full writes the file without them, which holds changes meanwhile."
        }
        try store.betweenTurns { db, _ in _ = try db.checkpoint(.passive) }
        let after = try store.read { db in try db.pageCounts() }
        (run.bytesAfter, run.freeBytesAfter) = (after.pages * after.size, after.free * after.size)
        if !left.isEmpty {
            run.result = .partly
            run.detail = "Left for the next time, as others needed the database: \(left.joined(separator: ", "))."
        }
    }

    /// - Returns: whether it was done; not when somebody wanted to write each time.
    private func step(_ store: Store, _ body: (Connection, @escaping () -> Bool) throws -> Void) throws -> Bool {
        for attempt in 0..<Self.attempts {
            if isStopping() { return false }
            if attempt > 0 { usleep(Self.pauseMicroseconds << UInt32(attempt)) }
            do {
                try store.betweenTurns { db, isWanted in
                    var since: UInt64 = 0
                    try body(db) {
                        guard isWanted() else { return false }
                        let now = monotonicNanoseconds()
                        if since == 0 { since = now }
                        return now - since > Self.patienceNanoseconds
                    }
                }
                return true
            } catch StorageError.interrupted {
                continue
            }
        }
        return false
    }

    private static let selectIndexes = SQL("SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY tbl_name, name")
    private static let selectTables = SQL("""
        SELECT s.name FROM sqlite_schema s WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
          AND s.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY s.name
        """)
}
