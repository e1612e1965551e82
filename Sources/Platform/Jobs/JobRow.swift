import Core
import Storage

/// A row of `platform_jobs`.
package struct JobRow: Sendable {
    package enum Kind: String, Sendable {
        case job
        case hook
    }

    package enum State: String, Sendable, CaseIterable {
        /// Waits for its time.
        case queued
        /// Has taken a step and has more to do.
        case running
        case done
        /// Failed for good: somebody has to look at it.
        case dead
        case cancelled
        /// Its time came while the time before was not done.
        case skipped

        package var isOpen: Bool { self == .queued || self == .running }
    }

    package let id: Int64
    package let kind: Kind
    package let name: String
    package let key: String?
    package let arguments: Value
    package let state: State
    package let priority: Int64
    package let dueAt: Instant
    package let schedule: String?
    package let scheduledFor: String?
    package let attempts: Int
    package let errors: Int
    package let slices: Int
    package let cursor: Value
    package let checkpoint: Value
    package let done: Int64
    package let total: Int64?
    package let lastError: String?
    package let runID: Int64?
    package let actorID: Int64
    package let actor: String
    package let requestID: String
    package let createdAt: String
    package let finishedAt: String?

    static let columns = """
        id, kind, name, key, args, state, priority, due_at, schedule, scheduled_for, attempts, errors, slices, cursor, checkpoint,
        done, total, last_error, run_id, actor_id, actor, request_id, created_at, finished_at
        """

    init(_ row: Storage.Row) throws {
        id = row.int(0)
        kind = Kind(rawValue: row.text(1)) ?? .job
        name = row.text(2)
        key = row.optionalText(3)
        arguments = try JSON.parse(row.text(4), limits: .stored)
        state = State(rawValue: row.text(5)) ?? .dead
        priority = row.int(6)
        dueAt = try row.instant(7)
        schedule = row.optionalText(8)
        scheduledFor = row.optionalText(9)
        attempts = Int(row.int(10))
        errors = Int(row.int(11))
        slices = Int(row.int(12))
        cursor = try row.optionalText(13).map { text throws in try JSON.parse(text, limits: .stored) } ?? .null
        checkpoint = try row.optionalText(14).map { text throws in try JSON.parse(text, limits: .stored) } ?? .null
        done = row.int(15)
        total = row.optionalInt(16)
        lastError = row.optionalText(17)
        runID = row.optionalInt(18)
        actorID = row.int(19)
        actor = row.text(20)
        requestID = row.text(21)
        createdAt = row.text(22)
        finishedAt = row.optionalText(23)
    }

    package var value: Value {
        [
            "id": .int(id), "job": .string(name), "kind": .string(kind.rawValue), "key": key.map(Value.string) ?? .null,
            "args": arguments, "state": .string(state.rawValue), "priority": .int(priority), "due_at": .string(dueAt.description),
            "schedule": schedule.map(Value.string) ?? .null, "scheduled_for": scheduledFor.map(Value.string) ?? .null,
            "attempts": .int(Int64(attempts)), "errors": .int(Int64(errors)), "steps": .int(Int64(slices)),
            "done": .int(done), "total": total.map(Value.int) ?? .null, "last_error": lastError.map(Value.string) ?? .null,
            "requested_by": .string(actor), "created_at": .string(createdAt), "finished_at": finishedAt.map(Value.string) ?? .null,
        ]
    }
}

extension JSONLimits {
    /// For what the kernel wrote itself.
    static let stored = JSONLimits(depth: 64, nodes: 200_000)
}
