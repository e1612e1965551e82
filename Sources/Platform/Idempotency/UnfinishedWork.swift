import Core
import Storage

/// Work that takes several commits under one `Idempotency-Key`: each part is noted in the commit of what it did, so that a repeated
/// request goes on where the first one ended, whatever ended it, and does nothing twice.
struct UnfinishedWork {
    let db: Connection
    let request: Idempotency.Request

    static let migrations = [
        Migration(
            room: "unfinished_work", number: 1, name: "parts of long requests",
            sql: """
                CREATE TABLE platform_unfinished_work (
                  fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
                  -- where the part begins
                  first       INTEGER NOT NULL,
                  digest      BLOB NOT NULL,
                  -- JSON: what became of it
                  report      TEXT NOT NULL,
                  created_at  TEXT NOT NULL,
                  PRIMARY KEY (fingerprint, first)
                ) STRICT;
                """)
    ]

    private static let select = SQL("SELECT digest, report FROM platform_unfinished_work WHERE fingerprint = ?1 ORDER BY first")
    private static let selectNext = SQL("SELECT 1 FROM platform_unfinished_work WHERE fingerprint = ?1 AND first >= ?2")
    private static let insert = SQL(
        "INSERT INTO platform_unfinished_work (fingerprint, first, digest, report, created_at) VALUES (?1, ?2, ?3, ?4, ?5)")
    private static let delete = SQL("DELETE FROM platform_unfinished_work WHERE fingerprint = ?1")
    private static let purge = SQL("DELETE FROM platform_unfinished_work WHERE created_at < ?1")

    /// The reports of the parts that are done, in their order.
    /// - Throws: 409 `DUPLICATE_TRANSACTION` when the key was used for another request.
    func parts() throws -> [Value] {
        try db.query(Self.select, request.fingerprint) { row in
            guard row.bytes(0) == request.digest else { throw Idempotency.otherRequest }
            return try JSON.parse(row.text(1), limits: .stored)
        }
    }

    /// Inside the commit of a part.
    /// - Throws: 409 `request.in_progress` where the same request does this part already.
    func note(from first: Int, _ report: Value, now: Instant) throws {
        guard try db.first(Self.selectNext, request.fingerprint, Int64(first), row: { $0.int(0) }) == nil else { throw Self.inProgress }
        try db.run(
            Self.insert, request.fingerprint, Int64(first), request.digest, String(decoding: JSON.serialize(report), as: UTF8.self), now)
    }

    /// Inside the commit of the last part: from here on the answer itself is kept.
    func finish(_ answer: Idempotency.Answer, now: Instant) throws {
        try db.run(Self.delete, request.fingerprint)
        try Idempotency.store(db, request, answer, now: now)
    }

    static func purge(_ db: Connection, before: Instant) throws { try db.run(purge, before) }

    static let inProgress = Problem(
        409, "request.in_progress", "The same request is being carried out just now. Send it again in a moment for its answer.",
        headers: [("Retry-After", "1")])
}
