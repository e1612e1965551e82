import Core
import Storage

/// The log of refused writes: what somebody tried and was not let do.
package enum Refusals {
    package static let daysKept: Int64 = 90

    private static let insert = SQL(
        """
        INSERT INTO platform_refusals (at, actor_id, actor, endpoint, status, code, detail, remote_address, request_id)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """)
    private static let purge = SQL(
        """
        DELETE FROM platform_refusals
          WHERE id IN (SELECT id FROM platform_refusals ORDER BY id LIMIT 500) AND at < ?1
        """)

    package static func record(_ db: Connection, _ actor: ActingUser, endpoint: String, problem: Problem) throws {
        try db.run(
            insert, actor.at, actor.id, actor.name, endpoint, Int64(problem.status), problem.code,
            String(problem.detail.prefix(1_000)), actor.remoteAddress, actor.requestID)
    }

    package static func record(_ db: Connection, _ call: Call, problem: Problem) throws {
        try record(
            db, call.actingUser, endpoint: "\(call.endpoint.method.rawValue) \(call.endpoint.path)", problem: problem)
    }

    private static let select = SQL(
        """
        SELECT id, at, actor_id, actor, endpoint, status, code, detail, remote_address, request_id FROM platform_refusals
          WHERE id < ?1 AND (?2 IS NULL OR actor_id = ?2) AND (?3 IS NULL OR code = ?3) ORDER BY id DESC LIMIT ?4
        """)

    /// Newest first, those before the row `before`.
    package static func list(
        _ db: Connection, actorID: Int64? = nil, code: String? = nil, before: Int64 = .max, limit: Int
    ) throws -> [Value] {
        try db.query(select, before, actorID, code, Int64(limit)) { .object($0.object) }
    }

    /// Removes up to 500 rows that are older than 90 days; called again until it answers 0.
    @discardableResult
    package static func purge(_ db: Connection, now: Instant) throws -> Int {
        try db.run(purge, now.adding(milliseconds: -daysKept * 86_400_000))
        return db.changes
    }
}
