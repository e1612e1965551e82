import Core
import Storage

/// Tells subscribers what happened, after the commit and once each: the transaction queues a job for every hook that
/// listens, under a key of event and subscriber.
enum Events {
    private static let insert = SQL("""
        INSERT INTO platform_events (name, payload, actor_id, actor, request_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        """)

    /// - Returns: the event's id.
    @discardableResult
    static func emit(_ scope: RunScope, _ name: String, _ payload: Value) throws -> Int64 {
        let json = String(decoding: JSON.serialize(payload), as: UTF8.self)
        try scope.countWritten()
        try scope.database.run(insert, name, json, scope.actor.id, scope.actor.name, scope.actor.requestID, scope.now)
        let id = scope.database.lastInsertRowID
        let arguments: Value = ["event": .string(name), "id": .int(id), "payload": payload, "at": .string(scope.now.description)]
        for hook in scope.revision.plugins.hooks(on: "event:\(name)", .afterCommit) {
            try queue(hook, key: "event:\(id):\(hook.plugin)/\(hook.id)", arguments, scope)
        }
        return id
    }

    /// Queues the hooks that run after the commit of a record's change.
    /// - Parameter change: created, updated or deleted.
    static func changed(_ type: RecordType, _ id: Int64, _ change: String, _ scope: RunScope) throws {
        for hook in scope.revision.plugins.hooks(on: type.name, .afterCommit) {
            try queue(hook, key: nil, ["type": .string(type.name), "id": .int(id), "change": .string(change)], scope)
        }
    }

    /// Tells of a move: the event `<type>.moved` with id, from, to, note and whether it posted or voided; and queues the hooks
    /// that run after what is posted or voided.
    static func moved(_ type: RecordType, _ id: Int64, _ move: RecordState.Move, note: String, _ scope: RunScope) throws {
        try emit(scope, "\(type.name).moved", [
            "type": .string(type.name), "id": .int(id), "from": .string(move.from), "to": .string(move.to), "note": .string(note),
            "user": .int(scope.principal.userID), "posted": .bool(move.posts), "voided": .bool(move.voids),
        ])
        guard move.posts || move.voids else { return }
        for hook in scope.revision.plugins.hooks(on: type.name, move.posts ? .afterPost : .afterVoid) {
            try queue(hook, key: nil, ["type": .string(type.name), "id": .int(id), "change": move.posts ? "posted" : "voided"], scope)
        }
    }

    private static func queue(_ hook: HookDeclaration, key: String?, _ arguments: Value, _ scope: RunScope) throws {
        var job = JobQueue.NewJob(name: "\(hook.plugin)/\(hook.id)", dueAt: scope.now)
        job.kind = .hook
        job.key = key
        job.arguments = arguments
        try scope.countWritten()
        _ = try JobQueue(scope.database).add(job, actor: scope.actor)
        scope.tenant.wake()
    }

    /// What the hook of a queued row gets: the payload and where it is from, or the record as it is now and what was done to it.
    /// And by which of the prelude's invokers.
    static func arguments(_ row: JobRow, _ scope: RunScope) throws -> (values: [Value], invoker: String?) {
        if let event = row.arguments["event"] {
            let context: Value = ["event": event, "id": row.arguments["id"] ?? .null, "at": row.arguments["at"] ?? .null]
            return ([row.arguments["payload"] ?? .null, context], nil)
        }
        guard let name = row.arguments["type"]?.string, let id = row.arguments["id"]?.int, let type = scope.revision.recordType(name) else {
            throw Problem(422, "job.unknown", "The record type of the hook \(row.name) is gone.")
        }
        let record = try scope.records.find(type, id: id)
        let context: Value = ["change": row.arguments["change"] ?? .null, "id": .int(id), "type": .string(name)]
        return ([context, record.map(Value.object) ?? .null], "after_commit")
    }
}
