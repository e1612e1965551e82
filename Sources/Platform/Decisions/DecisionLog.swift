import Core
import Storage

/// Keeps what rules decided, and requests of plugins' routes, in `decisions.db` beside each tenant's database: outside the commit, by a thread of its own.
///
/// It never slows or fails a request. What does not fit in its queue, what comes faster than it takes, and what cannot be
/// written is dropped; it serves to see what a change of rules would have changed, not as a book.
///
/// `@unchecked Sendable`: everything that changes is read and written under the monitor.
package final class DecisionLog: @unchecked Sendable {
    /// Requests a second whose decisions are taken, of each tenant.
    static let requestsASecond = 50
    /// Of what waits to be written, of all tenants.
    static let mostWaiting = 4_000
    /// Rows that a tenant's log keeps.
    package static let mostRows: Int64 = 100_000

    private let folder: @Sendable (Int64) -> String
    private let monitor = Monitor()
    private var waiting: [Item] = []
    private var isWriting = false
    private var isRunning = false
    private var isStopped = false
    /// By tenant: the second, and how many were taken in it.
    private var taken: [Int64: (second: Int64, count: Int)] = [:]

    /// What waits to be written.
    private enum Item {
        case decisions(RequestDecisions)
        case request(RecordedRequest)

        var tenantID: Int64 {
            switch self {
            case .decisions(let request): request.tenantID
            case .request(let request): request.tenantID
            }
        }
    }

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
        guard !request.decisions.isEmpty || !request.notes.isEmpty && request.record != nil else { return }
        add(.decisions(request))
    }

    /// After the commit, where there is one.
    func add(_ request: RecordedRequest) { add(.request(request)) }

    private func add(_ item: Item) {
        monitor.locked {
            guard !isStopped, waiting.count < Self.mostWaiting else { return }
            waiting.append(item)
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
            for (tenant, items) in Dictionary(grouping: batch, by: \.tenantID) { write(items, tenant) }
            monitor.locked {
                isWriting = false
                monitor.wakeAll()
            }
        }
    }

    private func write(_ items: [Item], _ tenant: Int64) {
        let folder = self.folder(tenant)
        guard Files.isDirectory(folder) else { return }
        do {
            let file = try DecisionFile(folder: folder, writes: true)
            defer { file.close() }
            let decisions = items.compactMap { if case .decisions(let request) = $0 { request } else { nil } }
            if !decisions.isEmpty { try file.append(decisions) }
            let requests = items.compactMap { if case .request(let request) = $0 { request } else { nil } }
            if !requests.isEmpty { try file.append(requests) }
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
    let db: Connection

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
            -- Which records were written behind which decisions.
            CREATE TABLE IF NOT EXISTS saves (
              id             INTEGER PRIMARY KEY,
              record_type    TEXT NOT NULL,
              record_id      INTEGER NOT NULL,
              -- a JSON array; NULL for all
              fields         TEXT,
              first_decision INTEGER NOT NULL,
              last_decision  INTEGER NOT NULL
            ) STRICT;
            CREATE INDEX IF NOT EXISTS saves_record_idx ON saves (record_type, record_id, id);
            CREATE TABLE IF NOT EXISTS notes (
              id          INTEGER PRIMARY KEY,
              record_type TEXT NOT NULL,
              record_id   INTEGER NOT NULL,
              -- what trace.note was given, as JSON
              note        TEXT NOT NULL
            ) STRICT;
            CREATE INDEX IF NOT EXISTS notes_record_idx ON notes (record_type, record_id, id);
            \(Self.requestsSchema)
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
    private static let insertSave = SQL("""
        INSERT INTO saves (record_type, record_id, fields, first_decision, last_decision) VALUES (?1, ?2, ?3, ?4, ?5)
        """)
    private static let insertNote = SQL("INSERT INTO notes (record_type, record_id, note) VALUES (?1, ?2, ?3)")
    private static let prunes = ["decisions", "saves", "notes"].map { SQL("DELETE FROM \($0) WHERE id <= (SELECT max(id) FROM \($0)) - ?1") }
    private static let columns = "contract, path, version, function, input, output, made_at, record_type, record_id, id"
    private static let selectPath = SQL("SELECT \(columns) FROM decisions WHERE path = ?1 ORDER BY id DESC LIMIT ?2")
    private static let selectRecord = SQL("""
        SELECT \(columns) FROM decisions WHERE record_type = ?1 AND record_id = ?2 ORDER BY id LIMIT 1000
        """)
    private static let selectSaved = SQL("""
        SELECT \(columns) FROM decisions WHERE id IN (
          SELECT d.id FROM saves s JOIN decisions d ON d.id BETWEEN s.first_decision AND s.last_decision
          WHERE s.record_type = ?1 AND s.record_id = ?2) ORDER BY id LIMIT 1000
        """)
    private static let selectSaves = SQL("""
        SELECT fields, first_decision, last_decision FROM saves WHERE record_type = ?1 AND record_id = ?2 ORDER BY id DESC LIMIT 1000
        """)
    private static let selectNotes = SQL("SELECT note FROM notes WHERE record_type = ?1 AND record_id = ?2 ORDER BY id LIMIT 1000")

    func append(_ requests: [RequestDecisions]) throws {
        try db.transaction {
            for request in requests {
                var ids: [Int64] = []
                for decision in request.decisions {
                    try db.run(
                        Self.insert, request.at.description, request.record?.type, request.record?.id, decision.contract, decision.path,
                        decision.version, decision.function, decision.input, decision.output)
                    ids.append(db.lastInsertRowID)
                }
                for save in request.saves {
                    guard let first = ids.first, ids.indices.contains(save.decisions - 1) else { continue }
                    let fields = save.fields.map { String(decoding: JSON.serialize(.array($0.map(Value.string))), as: UTF8.self) }
                    try db.run(Self.insertSave, save.type, save.id, fields, first, ids[save.decisions - 1])
                }
                guard let record = request.record else { continue }
                for note in request.notes {
                    try db.run(Self.insertNote, record.type, record.id, String(decoding: JSON.serialize(note.described), as: UTF8.self))
                }
            }
            for prune in Self.prunes { try db.run(prune, DecisionLog.mostRows) }
        }
    }

    struct Entry {
        let id: Int64
        let decision: Decision
        let at: String
        let record: (type: String, id: Int64)?
    }

    private static func entry(_ row: Row) -> Entry {
        Entry(
            id: row.int(9),
            decision: Decision(
                contract: row.text(0), path: row.text(1), version: row.int(2), function: row.text(3), input: row.bytes(4), output: row.bytes(5)),
            at: row.text(6), record: row.optionalText(7).map { (type: $0, id: row.int(8)) })
    }

    /// The newest of a rule file, newest first.
    func of(path: String, limit: Int) throws -> [Entry] { try db.query(Self.selectPath, path, Int64(limit), row: Self.entry) }

    /// Those from which a record came, in their order.
    func of(record type: String, _ id: Int64) throws -> [Entry] { try db.query(Self.selectRecord, type, id, row: Self.entry) }

    /// Those behind which the record was written, in their order: of the request that made it and of those that changed it.
    func behind(record type: String, _ id: Int64) throws -> [Entry] { try db.query(Self.selectSaved, type, id, row: Self.entry) }

    struct Save {
        /// nil for all.
        let fields: Set<String>?
        let decisions: ClosedRange<Int64>

        func wrote(_ field: String) -> Bool { fields?.contains(field) ?? true }
    }

    /// The newest first.
    func saves(of type: String, _ id: Int64) throws -> [Save] {
        try db.query(Self.selectSaves, type, id) { row in
            let names = try row.optionalText(0).map { try JSON.parse($0).array?.compactMap(\.string) ?? [] }
            return Save(fields: names.map { Set($0) }, decisions: row.int(1)...max(row.int(1), row.int(2)))
        }
    }

    /// What was noted by the request that made the record.
    func notes(of type: String, _ id: Int64) throws -> [Value] {
        try db.query(Self.selectNotes, type, id) { try JSON.parse($0.text(0), limits: .stored) }
    }
}
