import Core
import Storage

extension Audit {
    /// What to list; all conditions hold together, nil is none.
    package struct Filter: Sendable {
        package var actorID: Int64?
        /// The whole action, or its beginning when it ends in a dot.
        package var action: String?
        package var objectType: String?
        package var objectID: String?
        package var requestID: String?
        package var from: Instant?
        /// Exclusive.
        package var to: Instant?

        package init() {}
    }

    private static let select = SQL(
        """
        SELECT id, at, actor_id, actor, action, object_type, object_id, before, after, reason, remote_address, request_id,
          digest FROM platform_audit
          WHERE id < ?1 AND (?2 IS NULL OR actor_id = ?2)
            AND (?3 IS NULL OR action = ?3 OR (?3 LIKE '%.' AND substr(action, 1, length(?3)) = ?3))
            AND (?4 IS NULL OR object_type = ?4) AND (?5 IS NULL OR object_id = ?5) AND (?6 IS NULL OR request_id = ?6)
            AND (?7 IS NULL OR at >= ?7) AND (?8 IS NULL OR at < ?8)
          ORDER BY id DESC LIMIT ?9
        """)
    // The same for one type of object, by its index.
    private static let selectOfType = SQL(
        """
        SELECT id, at, actor_id, actor, action, object_type, object_id, before, after, reason, remote_address, request_id,
          digest FROM platform_audit
          WHERE object_type = ?4 AND id < ?1 AND (?2 IS NULL OR actor_id = ?2)
            AND (?3 IS NULL OR action = ?3 OR (?3 LIKE '%.' AND substr(action, 1, length(?3)) = ?3))
            AND (?5 IS NULL OR object_id = ?5) AND (?6 IS NULL OR request_id = ?6)
            AND (?7 IS NULL OR at >= ?7) AND (?8 IS NULL OR at < ?8)
          ORDER BY id DESC LIMIT ?9
        """)

    /// Newest first, those before the row `before`.
    package static func list(_ db: Connection, _ filter: Filter, before: Int64 = .max, limit: Int) throws -> [Value] {
        try db.query(
            filter.objectType == nil ? select : selectOfType, before, filter.actorID, filter.action, filter.objectType,
            filter.objectID, filter.requestID, filter.from, filter.to, Int64(limit)
        ) { row in
            [
                "id": .int(row.int(0)), "at": .string(row.text(1)), "actor_id": .int(row.int(2)),
                "actor": .string(row.text(3)), "action": .string(row.text(4)), "object_type": .string(row.text(5)),
                "object_id": .string(row.text(6)), "before": try json(row.optionalText(7)),
                "after": try json(row.optionalText(8)), "reason": .string(row.text(9)),
                "remote_address": .string(row.text(10)), "request_id": .string(row.text(11)),
                "digest": .string(Hex.encode(row.bytes(12))),
            ]
        }
    }

    private static func json(_ text: String?) throws -> Value {
        try text.map { try JSON.parse($0, limits: JSONLimits(depth: 64, nodes: 1_000_000)) } ?? .null
    }
}
