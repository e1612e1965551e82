import Core
import Storage

/// The tenant's queue of jobs, inside the caller's transaction.
package struct JobQueue {
    let db: Connection

    package init(_ db: Connection) {
        self.db = db
    }

    /// What is to be queued.
    package struct NewJob {
        package var kind = JobRow.Kind.job
        package var name: String
        package var key: String?
        package var arguments: Value = .object(Object())
        package var priority: Int64 = 0
        package var dueAt: Instant
        package var schedule: String?
        package var scheduledFor: Instant?
        package var state = JobRow.State.queued

        package init(name: String, dueAt: Instant) {
            self.name = name
            self.dueAt = dueAt
        }
    }

    // MARK: In

    private static let insert = SQL("""
        INSERT INTO platform_jobs (kind, name, key, args, state, priority, due_at, schedule, scheduled_for, actor_id, actor,
          request_id, created_at, updated_at, finished_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?14)
        ON CONFLICT (key) DO NOTHING
        """)
    private static let selectByKey = SQL("SELECT id FROM platform_jobs WHERE key = ?1")
    private static let insertSkipped = SQL("""
        INSERT INTO platform_job_runs (job_id, name, started_at, finished_at, duration_ms, result) VALUES (?1, ?2, ?3, ?3, 0, 'skipped')
        """)

    /// - Returns: the job's id, and whether it is new: under a key that was there before nothing is queued.
    package func add(_ job: NewJob, actor: ActingUser) throws -> (id: Int64, isNew: Bool) {
        let isSkipped = job.state == .skipped
        try db.run(
            Self.insert, values: [
                job.kind.rawValue, job.name, job.key, String(decoding: JSON.serialize(job.arguments), as: UTF8.self), job.state.rawValue,
                job.priority, job.dueAt, job.schedule, job.scheduledFor, actor.id, actor.name, actor.requestID, actor.at,
                isSkipped ? actor.at : nil,
            ])
        if db.changes == 0, let key = job.key {
            return (try db.integer(Self.selectByKey, key), false)
        }
        let id = db.lastInsertRowID
        if isSkipped { try db.run(Self.insertSkipped, id, job.name, actor.at) }
        return (id, true)
    }

    // MARK: Looking

    private static let select = SQL("SELECT \(JobRow.columns) FROM platform_jobs WHERE id = ?1")
    private static let selectPage = SQL("""
        SELECT \(JobRow.columns) FROM platform_jobs
        WHERE (?1 = 0 OR id < ?1) AND (?2 IS NULL OR name = ?2) AND (?3 IS NULL OR state = ?3) ORDER BY id DESC LIMIT ?4
        """)
    private static let countOpen = SQL("SELECT count(*) FROM platform_jobs WHERE name = ?1 AND state IN ('queued', 'running')")
    private static let selectRuns = SQL("""
        SELECT id, job_id, name, started_at, finished_at, duration_ms, slices, processed, errors, result, error, log
        FROM platform_job_runs WHERE (?1 = 0 OR id < ?1) AND (?2 IS NULL OR name = ?2) AND (?3 IS NULL OR result = ?3)
          AND (?4 IS NULL OR job_id = ?4) ORDER BY id DESC LIMIT ?5
        """)

    package func find(_ id: Int64) throws -> JobRow? { try db.first(Self.select, id) { try JobRow($0) } }

    /// - Throws: 404 `job.not_found`.
    package func get(_ id: Int64) throws -> JobRow {
        guard let row = try find(id) else { throw Problem(404, "job.not_found", "There is no job \(id) in the queue.") }
        return row
    }

    /// Newest first.
    package func list(before: Int64 = 0, name: String? = nil, state: JobRow.State? = nil, limit: Int) throws -> [JobRow] {
        try db.query(Self.selectPage, before, name, state?.rawValue, Int64(limit)) { try JobRow($0) }
    }

    /// How many of that name wait or run.
    package func open(_ name: String) throws -> Int { Int(try db.integer(Self.countOpen, name)) }

    /// The history, newest first.
    package func runs(before: Int64 = 0, name: String? = nil, result: String? = nil, job: Int64? = nil, limit: Int) throws -> [Value] {
        try db.query(Self.selectRuns, before, name, result, job, Int64(limit)) { row in
            [
                "id": .int(row.int(0)), "job_id": .int(row.int(1)), "job": .string(row.text(2)), "started_at": .string(row.text(3)),
                "finished_at": row.optionalText(4).map(Value.string) ?? .null,
                "duration_ms": row.optionalInt(5).map(Value.int) ?? .null, "steps": .int(row.int(6)), "processed": .int(row.int(7)),
                "errors": .int(row.int(8)), "result": .string(row.text(9)), "error": row.optionalText(10).map(Value.string) ?? .null,
                "log": .string(row.text(11)),
            ]
        }
    }

    // MARK: By hand

    private static let setCancelled = SQL("""
        UPDATE platform_jobs SET state = 'cancelled', updated_at = ?2, finished_at = ?2, run_id = NULL WHERE id = ?1
        """)
    private static let setQueued = SQL("""
        UPDATE platform_jobs SET state = 'queued', due_at = ?2, attempts = 0, updated_at = ?2, finished_at = NULL, run_id = NULL WHERE id = ?1
        """)

    /// Ends a job that waits or runs; steps that are on disk stay.
    /// - Throws: 409 `job.finished`.
    package func cancel(_ id: Int64, now: Instant) throws {
        let row = try get(id)
        guard row.state.isOpen else { throw Problem(409, "job.finished", "The job \(id) is \(row.state.rawValue) already.") }
        if let run = row.runID { try endRun(run, row, .cancelled, error: nil, log: "", now: now) }
        try db.run(Self.setCancelled, id, now)
    }

    /// Queues a job again that failed for good, was cancelled or skipped; it goes on from its cursor.
    /// - Throws: 409 `job.not_retryable`.
    package func retry(_ id: Int64, now: Instant) throws {
        let row = try get(id)
        guard [.dead, .cancelled, .skipped].contains(row.state) else {
            throw Problem(409, "job.not_retryable", "The job \(id) is \(row.state.rawValue); only what failed, was cancelled or skipped is tried again.")
        }
        try db.run(Self.setQueued, id, now)
    }

    // MARK: Runs

    enum Result: String {
        case done, failed, dead, cancelled
    }

    private static let insertRun = SQL(
        "INSERT INTO platform_job_runs (job_id, name, started_at, result) VALUES (?1, ?2, ?3, 'running')")
    private static let updateRun = SQL("""
        UPDATE platform_job_runs SET finished_at = ?2,
          duration_ms = max(0, CAST(round((julianday(?2) - julianday(started_at)) * 86400000) AS INTEGER)),
          slices = ?3, processed = ?4, errors = ?5, result = ?6, error = ?7, log = substr(log || ?8, 1, 65536) WHERE id = ?1
        """)
    private static let addLog = SQL("UPDATE platform_job_runs SET log = substr(log || ?2, 1, 65536) WHERE id = ?1")

    func beginRun(_ row: JobRow, now: Instant) throws -> Int64 {
        try db.run(Self.insertRun, row.id, row.name, now)
        return db.lastInsertRowID
    }

    func endRun(_ id: Int64, _ row: JobRow, slices: Int? = nil, processed: Int64? = nil, _ result: Result, error: String?, log: String, now: Instant) throws {
        try db.run(
            Self.updateRun, values: [
                id, now, Int64(slices ?? row.slices), processed ?? row.done, Int64(result == .failed || result == .dead ? 1 : 0),
                result.rawValue, error, log,
            ])
    }

    func addLog(_ id: Int64, _ text: String) throws {
        if !text.isEmpty { try db.run(Self.addLog, id, text) }
    }

    // MARK: Steps

    // A job of which another of the same name is half done waits for that one; hooks do not wait for each other.
    private static let ready = """
        state IN ('queued', 'running') AND (kind = 'hook' OR NOT EXISTS (
          SELECT 1 FROM platform_jobs o WHERE o.name = j.name AND o.state = 'running' AND o.id <> j.id))
        """
    private static let selectReady = SQL("""
        SELECT \(JobRow.columns) FROM platform_jobs j WHERE due_at <= ?1 AND \(ready)
          AND id NOT IN (SELECT value FROM json_each(?2)) ORDER BY priority DESC, due_at, id LIMIT 1
        """)
    private static let selectNext = SQL("""
        SELECT due_at FROM platform_jobs j WHERE \(ready) AND id NOT IN (SELECT value FROM json_each(?1)) ORDER BY due_at LIMIT 1
        """)

    /// The job whose turn it is.
    /// - Parameter without: those whose `fetch` is under way.
    func ready(at now: Instant, without ids: Set<Int64>) throws -> JobRow? {
        try db.first(Self.selectReady, now, Branches.json(ids)) { try JobRow($0) }
    }

    /// When the next job is due; the past when one is due already.
    func nextDue(without ids: Set<Int64>) throws -> Instant? {
        try db.first(Self.selectNext, Branches.json(ids)) { try $0.instant(0) }
    }

    private static let setStepped = SQL("""
        UPDATE platform_jobs SET state = ?2, due_at = ?3, attempts = 0, slices = ?4, cursor = ?5, checkpoint = ?6, done = ?7, total = ?8,
          last_error = NULL, run_id = ?9, updated_at = ?3, finished_at = ?10 WHERE id = ?1
        """)
    private static let setFailed = SQL("""
        UPDATE platform_jobs SET state = ?2, due_at = ?3, attempts = attempts + 1, errors = errors + 1, last_error = ?4, run_id = NULL,
          updated_at = ?5, finished_at = ?6 WHERE id = ?1
        """)

    /// Notes what a step left behind, in the step's own transaction.
    func step(
        _ row: JobRow, run: Int64, cursor: Value, checkpoint: Value, done: Int64, total: Int64?, log: String, now: Instant
    ) throws {
        let isOver = cursor == .null
        let slices = row.slices + 1
        try db.run(
            Self.setStepped, values: [
                row.id, isOver ? "done" : "running", now, Int64(slices), text(cursor), text(checkpoint), done, total, isOver ? nil : run,
                isOver ? now : nil,
            ])
        if isOver {
            try endRun(run, row, slices: slices, processed: done, .done, error: nil, log: log, now: now)
        } else {
            try addLog(run, log)
        }
    }

    /// Notes that a step failed; it goes on from its cursor at `retryAt`, or is dead.
    func fail(_ row: JobRow, run: Int64, error: String, log: String, retryAt: Instant?, now: Instant) throws {
        try db.run(
            Self.setFailed, row.id, retryAt == nil ? "dead" : "queued", retryAt ?? now, error, now, retryAt == nil ? now : nil as Instant?)
        try endRun(run, row, retryAt == nil ? .dead : .failed, error: error, log: log, now: now)
    }

    private func text(_ value: Value) -> String? {
        value == .null ? nil : String(decoding: JSON.serialize(value), as: UTF8.self)
    }

    // MARK: Out

    /// How long finished jobs, their history and their keys are kept.
    package static let keptDays: Int64 = 90
    private static let deleteOld = SQL("""
        DELETE FROM platform_jobs WHERE id IN (
          SELECT id FROM platform_jobs WHERE finished_at < ?1 AND state <> 'dead' ORDER BY finished_at LIMIT 500)
        """)
    private static let deleteOldEvents = SQL(
        "DELETE FROM platform_events WHERE id IN (SELECT id FROM platform_events WHERE created_at < ?1 ORDER BY created_at LIMIT 500)")

    static func purge(_ db: Connection, now: Instant) throws {
        let limit = now.adding(seconds: -keptDays * 86_400)
        try db.run(deleteOld, limit)
        try db.run(deleteOldEvents, limit)
    }
}
