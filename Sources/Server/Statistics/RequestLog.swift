import Core
import Platform
import Storage
import Synchronization

/// The tenants' logs of requests: one row each, gathered in memory and written every few seconds to `requests.db` beside the
/// tenant's database. Nobody waits for it, and what was gathered when the machine fails is lost.
package final class RequestLog: Sendable {
    package static let daysKept: Int64 = 30
    /// Rows that wait, of all tenants.
    private static let waitingLimit = 200_000

    struct Row: Sendable {
        /// Milliseconds since 1970.
        let at: Int64
        /// `GET /api/sales/{id}`
        let endpoint: String
        let microseconds: Int64
        let status: Int64
        /// 0 for nobody.
        let userID: Int64
    }

    private struct Waiting {
        var rows: [Int64: [Row]] = [:]
        var count = 0
    }

    private let instance: Instance
    private let statistics: RequestStatistics
    private let stores: StoreRegistry
    private let waiting = Mutex(Waiting())

    init(_ instance: Instance, _ statistics: RequestStatistics) {
        self.instance = instance
        self.statistics = statistics
        stores = StoreRegistry(pool: instance.lanes)
    }

    func add(_ row: Row, tenant: Int64) {
        let isTaken = waiting.withLock { waiting in
            guard waiting.count < Self.waitingLimit else { return false }
            waiting.rows[tenant, default: []].append(row)
            waiting.count += 1
            return true
        }
        if !isTaken { statistics.notLogged.add() }
    }

    /// Hands what waits to the tenants' lanes. For the housekeeping thread, every few seconds.
    func flush() {
        let all = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return waiting.rows
        }
        for (id, rows) in all {
            guard let tenant = instance.directory.find(id: id) else { continue }
            let work = RowsWork(rows, statistics)
            do { try store(of: tenant).submit(work) } catch { statistics.notLogged.add(rows.count) }
        }
        stores.sweep()
    }

    /// Reads a tenant's log with everything in it that was answered before.
    func read<T>(_ tenant: Tenant, _ body: (Connection) throws -> T) throws -> T {
        let rows = waiting.withLock { waiting in
            let rows = waiting.rows.removeValue(forKey: tenant.id) ?? []
            waiting.count -= rows.count
            return rows
        }
        let store = store(of: tenant)
        // Also waits for rows that were handed over before.
        try store.write { db in try Self.insert(rows, db) }
        statistics.logged.add(rows.count)
        return try store.read(body)
    }

    /// Removes rows that are older than 30 days.
    func purge(_ tenant: Tenant, now: Instant) throws {
        guard Files.exists(path(of: tenant)) else { return }
        let limit = now.adding(milliseconds: -Self.daysKept * 86_400_000).milliseconds
        while try store(of: tenant).write({ db in
            try db.run(Self.purgeSome, limit)
            return db.changes
        }) > 0 {}
    }

    /// Before a tenant's folder goes away.
    func close(_ tenant: Tenant) throws {
        waiting.withLock { waiting in waiting.count -= waiting.rows.removeValue(forKey: tenant.id)?.count ?? 0 }
        try stores.remove(tenant.id, reason: "its tenant is gone")
    }

    func stop() {
        flush()
        stores.closeAll()
    }

    private func path(of tenant: Tenant) -> String { "\(instance.folder(ofTenant: tenant.id))/requests.db" }

    private func store(of tenant: Tenant) -> Store {
        stores.store(tenant.id, path: path(of: tenant), configuration: Self.configuration)
    }

    // MARK: The file

    private static let configuration: StoreConfiguration = {
        var store = StoreConfiguration(migrations: [Migration(room: "requests", number: 1, name: "request_log", sql: schema)])
        store.options.cacheKiB = 1_024
        store.options.readerCacheKiB = 1_024
        store.readers = 1
        store.idleNanoseconds = 30_000_000_000
        // A log: losing its last seconds with the machine is better than an fsync every few seconds for each tenant.
        store.opened = { db in try db.execute(script: "PRAGMA synchronous=OFF") }
        return store
    }()

    private static let schema = """
        CREATE TABLE request_endpoints (
          id   INTEGER PRIMARY KEY,
          name TEXT NOT NULL UNIQUE
        ) STRICT;
        -- at: milliseconds since 1970
        CREATE TABLE request_log (
          id           INTEGER PRIMARY KEY,
          at           INTEGER NOT NULL,
          endpoint_id  INTEGER NOT NULL REFERENCES request_endpoints (id),
          microseconds INTEGER NOT NULL,
          status       INTEGER NOT NULL,
          user_id      INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX request_log_at_idx ON request_log (at);
        """

    private static let selectEndpoint = SQL("SELECT id FROM request_endpoints WHERE name = ?1")
    private static let insertEndpoint = SQL("INSERT INTO request_endpoints (name) VALUES (?1)")
    private static let insertRow = SQL(
        "INSERT INTO request_log (at, endpoint_id, microseconds, status, user_id) VALUES (?1, ?2, ?3, ?4, ?5)")
    private static let purgeSome = SQL(
        "DELETE FROM request_log WHERE id IN (SELECT id FROM request_log WHERE at < ?1 ORDER BY at LIMIT 2000)")

    fileprivate static func insert(_ rows: [Row], _ db: Connection) throws {
        var ids: [String: Int64] = [:]
        for row in rows {
            let endpoint: Int64
            if let known = ids[row.endpoint] {
                endpoint = known
            } else if let stored = try db.first(selectEndpoint, row.endpoint, row: { $0.int(0) }) {
                endpoint = stored
                ids[row.endpoint] = stored
            } else {
                try db.run(insertEndpoint, row.endpoint)
                endpoint = db.lastInsertRowID
                ids[row.endpoint] = endpoint
            }
            let insert = try db.statement(insertRow)
            insert.bind(1, row.at)
            insert.bind(2, endpoint)
            insert.bind(3, row.microseconds)
            insert.bind(4, row.status)
            insert.bind(5, row.userID)
            try insert.run()
        }
    }
}

/// Rows on their way into a log.
private final class RowsWork: LaneWork {
    private let rows: [RequestLog.Row]
    private let statistics: RequestStatistics

    init(_ rows: [RequestLog.Row], _ statistics: RequestStatistics) {
        self.rows = rows
        self.statistics = statistics
    }

    func perform(_ db: Connection) throws { try RequestLog.insert(rows, db) }
    func refused(_ error: any Error, _ db: Connection) throws {}

    func finished(_ outcome: LaneOutcome) {
        if case .committed = outcome { statistics.logged.add(rows.count) } else { statistics.notLogged.add(rows.count) }
    }
}
