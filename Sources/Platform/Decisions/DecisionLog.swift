import Core
import Storage

/// Keeps what rules decided in `decisions.db` beside each tenant's database: outside the commit, by a thread of its own.
///
/// It never slows or fails a request. What does not fit in its queue, what comes faster than it takes, and what cannot be
/// written is dropped; it serves to see what a change of rules would have changed, not as a book.
///
/// `@unchecked Sendable`: everything that changes is read and written under the monitor.
package final class DecisionLog: @unchecked Sendable {
    /// Requests a second whose decisions are taken, of each tenant.
    static let requestsASecond = 50
    /// Requests that wait to be written, of all tenants.
    static let mostWaiting = 4_000
    /// Rows that a tenant's log keeps.
    package static let mostRows: Int64 = 100_000

    private let folder: @Sendable (Int64) -> String
    private let monitor = Monitor()
    private var waiting: [RequestDecisions] = []
    private var isWriting = false
    private var isRunning = false
    private var isStopped = false
    /// By tenant: the second, and how many were taken in it.
    private var taken: [Int64: (second: Int64, count: Int)] = [:]

    init(folder: @escaping @Sendable (Int64) -> String) {
        self.folder = folder
    }

    /// Whether a request's decisions are to be kept; nil when there are too many just now.
    func begin(_ tenant: Int64, at: Instant) -> RequestDecisions? {
        let second = at.milliseconds / 1_000
        return monitor.locked {
            guard !isStopped, waiting.count < Self.mostWaiting else { return nil }
            var count = taken[tenant] ?? (second, 0)
            if count.second != second { count = (second, 0) }
            guard count.count < Self.requestsASecond else { return nil }
            count.count += 1
            taken[tenant] = count
            return RequestDecisions(tenantID: tenant, at: at)
        }
    }

    /// After the commit.
    func add(_ request: RequestDecisions) {
        guard !request.decisions.isEmpty else { return }
        monitor.locked {
            guard !isStopped, waiting.count < Self.mostWaiting else { return }
            waiting.append(request)
            if !isRunning {
                isRunning = true
                Thread.start(name: "decisions", stackBytes: 512 << 10) { [self] in run() }
            } else {
                monitor.wakeAll()
            }
        }
    }

    /// Waits until all that was added is written.
    package func flush() {
        monitor.locked { while !waiting.isEmpty || isWriting { monitor.wait() } }
    }

    /// Writes what waits, and takes nothing more.
    package func stop() {
        monitor.locked {
            isStopped = true
            monitor.wakeAll()
            while isRunning { monitor.wait() }
        }
    }

    private func run() {
        while true {
            monitor.lock()
            while waiting.isEmpty, !isStopped { monitor.wait() }
            let batch = waiting
            waiting = []
            if batch.isEmpty {
                isRunning = false
                monitor.wakeAll()
                monitor.unlock()
                return
            }
            isWriting = true
            monitor.unlock()
            for (tenant, requests) in Dictionary(grouping: batch, by: \.tenantID) { write(requests, tenant) }
            monitor.locked {
                isWriting = false
                monitor.wakeAll()
            }
        }
    }

    private func write(_ requests: [RequestDecisions], _ tenant: Int64) {
        let folder = self.folder(tenant)
        guard Files.isDirectory(folder) else { return }
        do {
            let file = try DecisionFile(folder: folder, writes: true)
            defer { file.close() }
            try file.append(requests)
        } catch StorageError.corrupt {
            // A log that cannot be read is worth nothing; the next one begins empty.
            for ending in ["", "-wal", "-shm"] { try? Files.remove("\(folder)/\(DecisionFile.name)\(ending)") }
        } catch {
            // Nothing waits for it and nothing rests on it.
        }
    }

    /// The log of a tenant, for reading; nil where there is none yet.
    func file(ofTenant id: Int64) throws -> DecisionFile? {
        let folder = self.folder(id)
        guard Files.exists("\(folder)/\(DecisionFile.name)") else { return nil }
        return try DecisionFile(folder: folder, writes: false)
    }
}

/// One tenant's `decisions.db`, open.
struct DecisionFile {
    static let name = "decisions.db"
    private let db: Connection

    /// - Parameter writes: makes the file where it is not there.
    init(folder: String, writes: Bool) throws {
        var options = Connection.Options()
        options.cacheKiB = 1_024
        options.statementLimit = 16
        db = try Connection(path: "\(folder)/\(Self.name)", mode: writes ? .writer : .reader, options: options)
        guard writes else { return }
        try db.execute(script: """
            PRAGMA synchronous=NORMAL;
            CREATE TABLE IF NOT EXISTS decisions (
              id          INTEGER PRIMARY KEY,
              made_at     TEXT NOT NULL,
              record_type TEXT,
              record_id   INTEGER,
              contract    TEXT NOT NULL,
              path        TEXT NOT NULL,
              version     INTEGER NOT NULL,
              function    TEXT NOT NULL,
              input       BLOB NOT NULL,
              output      BLOB NOT NULL
            ) STRICT;
            CREATE INDEX IF NOT EXISTS decisions_path_idx ON decisions (path, id);
            CREATE INDEX IF NOT EXISTS decisions_record_idx ON decisions (record_type, record_id) WHERE record_type IS NOT NULL;
            """)
    }

    func close() {
        if db.mode == .writer { _ = try? db.checkpoint(.passive) }
        db.close()
    }

    private static let insert = SQL("""
        INSERT INTO decisions (made_at, record_type, record_id, contract, path, version, function, input, output)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """)
    private static let prune = SQL("DELETE FROM decisions WHERE id <= (SELECT max(id) FROM decisions) - ?1")
    private static let selectPath = SQL("""
        SELECT contract, path, version, function, input, output, made_at, record_type, record_id FROM decisions
        WHERE path = ?1 ORDER BY id DESC LIMIT ?2
        """)
    private static let selectRecord = SQL("""
        SELECT contract, path, version, function, input, output, made_at, record_type, record_id FROM decisions
        WHERE record_type = ?1 AND record_id = ?2 ORDER BY id LIMIT 1000
        """)

    func append(_ requests: [RequestDecisions]) throws {
        try db.transaction {
            for request in requests {
                for decision in request.decisions {
                    try db.run(
                        Self.insert, request.at.description, request.record?.type, request.record?.id, decision.contract, decision.path,
                        decision.version, decision.function, decision.input, decision.output)
                }
            }
            try db.run(Self.prune, DecisionLog.mostRows)
        }
    }

    struct Entry {
        let decision: Decision
        let at: String
        let record: (type: String, id: Int64)?
    }

    private static func entry(_ row: Row) -> Entry {
        Entry(
            decision: Decision(
                contract: row.text(0), path: row.text(1), version: row.int(2), function: row.text(3), input: row.bytes(4), output: row.bytes(5)),
            at: row.text(6), record: row.optionalText(7).map { (type: $0, id: row.int(8)) })
    }

    /// The newest of a rule file, newest first.
    func of(path: String, limit: Int) throws -> [Entry] { try db.query(Self.selectPath, path, Int64(limit), row: Self.entry) }

    /// Those from which a record came, in their order.
    func of(record type: String, _ id: Int64) throws -> [Entry] { try db.query(Self.selectRecord, type, id, row: Self.entry) }
}
