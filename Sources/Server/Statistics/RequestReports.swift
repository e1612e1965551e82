import Core
import Storage

/// What a tenant's request log says about a stretch of time.
enum RequestReports {
    struct Span {
        /// Milliseconds since 1970; from the one up to, but not including, the other.
        let from: Int64
        let until: Int64
    }

    private static let selectEndpoints = SQL(
        """
        WITH ranked AS (
          SELECT endpoint_id, microseconds, status,
            row_number() OVER (PARTITION BY endpoint_id ORDER BY microseconds) AS place,
            count(*) OVER (PARTITION BY endpoint_id) AS total
          FROM request_log WHERE at >= ?1 AND at < ?2
        )
        SELECT e.name, r.total, sum(r.status >= 500), sum(r.status BETWEEN 400 AND 499), sum(r.microseconds), max(r.microseconds),
          max(CASE WHEN r.place = (r.total * 50 + 99) / 100 THEN r.microseconds END),
          max(CASE WHEN r.place = (r.total * 95 + 99) / 100 THEN r.microseconds END),
          max(CASE WHEN r.place = (r.total * 99 + 99) / 100 THEN r.microseconds END)
        FROM ranked r JOIN request_endpoints e ON e.id = r.endpoint_id GROUP BY r.endpoint_id ORDER BY r.total DESC, e.name
        """)
    private static let selectUsers = SQL(
        """
        SELECT user_id, count(*), max(at) FROM request_log WHERE at >= ?1 AND at < ?2 AND user_id > 0
        GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT ?3
        """)
    private static let selectRows = SQL(
        """
        SELECT l.id, l.at, e.name, l.microseconds, l.status, l.user_id FROM request_log l
          JOIN request_endpoints e ON e.id = l.endpoint_id
        WHERE l.id < ?1 AND l.at >= ?2 AND l.at < ?3 ORDER BY l.id DESC LIMIT ?4
        """)

    /// By endpoint, the busiest first. Percentiles are those of the rows, by the nearest rank.
    static func endpoints(_ span: Span, _ db: Connection) throws -> [Value] {
        try db.query(selectEndpoints, span.from, span.until) { row in
            let total = row.int(1)
            let errors = row.int(2)
            return [
                "endpoint": .string(row.text(0)), "requests": .int(total), "errors": .int(errors), "refused": .int(row.int(3)),
                "error_rate": .string(rate(errors, total)), "average_ms": milliseconds(row.int(4) / max(total, 1)),
                "maximum_ms": milliseconds(row.int(5)), "p50_ms": milliseconds(row.int(6)),
                "p95_ms": milliseconds(row.int(7)), "p99_ms": milliseconds(row.int(8)),
            ]
        }
    }

    static func users(_ span: Span, limit: Int, _ db: Connection) throws -> [(userID: Int64, requests: Int64, last: Instant)] {
        try db.query(selectUsers, span.from, span.until, Int64(limit)) {
            ($0.int(0), $0.int(1), Instant(milliseconds: $0.int(2)))
        }
    }

    /// Newest first.
    static func rows(_ span: Span, before id: Int64, limit: Int, _ db: Connection) throws -> [(id: Int64, value: Value)] {
        try db.query(selectRows, id, span.from, span.until, Int64(limit)) { row in
            (
                row.int(0),
                [
                    "timestamp": .string(Instant(milliseconds: row.int(1)).description), "endpoint": .string(row.text(2)),
                    "duration_ms": milliseconds(row.int(3)), "status": .int(row.int(4)),
                    "user_id": row.int(5) > 0 ? .int(row.int(5)) : .null,
                ]
            )
        }
    }

    private static func milliseconds(_ microseconds: Int64) -> Value {
        let rest = String(microseconds % 1_000)
        return .string("\(microseconds / 1_000).\(String(repeating: "0", count: 3 - rest.utf8.count))\(rest)")
    }

    /// Four places: 0.0500 is five in a hundred.
    private static func rate(_ part: Int64, _ whole: Int64) -> String {
        let tenThousandths = whole == 0 ? 0 : (part * 10_000 + whole / 2) / whole
        let rest = String(tenThousandths % 10_000)
        return "\(tenThousandths / 10_000).\(String(repeating: "0", count: 4 - rest.utf8.count))\(rest)"
    }
}
