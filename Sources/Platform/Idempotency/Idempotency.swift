import Core
import Storage

/// Answers kept under the caller's `Idempotency-Key`, so that a repeated request is answered and not carried out again.
///
/// The dispatcher looks a key up in the request's own turn, after the permission check, and stores the answer in the same
/// transaction: what was answered 2xx, and the refusals 409, 422 and 423 that were decided inside the transaction (these
/// after the request's savepoint rolled back). A key lives seven days.
package enum Idempotency {
    package static let daysKept: Int64 = 7

    /// One request as its key sees it: scoped to principal and route; the tenant is the database.
    package struct Request: Sendable {
        package let principalID: Int64
        package let route: String
        package let key: String
        /// Finds the row: 16 bytes over principal, route and key.
        let fingerprint: [UInt8]
        /// Tells the same request from another under the same key: SHA-256 over path, query and body.
        let digest: [UInt8]

        /// - Throws: 400 `request.idempotency_key_invalid` unless the key is 1...255 visible ASCII characters.
        package init(
            principalID: Int64, route: String, key: String, path: String, query: String = "", body: [UInt8]
        ) throws(Problem) {
            guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw Problem(
                    400, "request.idempotency_key_invalid",
                    "Idempotency-Key must be 1 to 255 visible ASCII characters, for instance a UUID.")
            }
            self.principalID = principalID
            self.route = route
            self.key = key
            var scope: [UInt8] = []
            scope.reserveCapacity(24 + route.utf8.count + key.utf8.count)
            withUnsafeBytes(of: principalID.littleEndian) { scope.append(contentsOf: $0) }
            scope.append(contentsOf: route.utf8)
            scope.append(0)
            scope.append(contentsOf: key.utf8)
            fingerprint = Array(Digest.sha256(scope).prefix(16))
            var content: [UInt8] = []
            content.reserveCapacity(path.utf8.count + query.utf8.count + body.count + 2)
            content.append(contentsOf: path.utf8)
            content.append(0)
            content.append(contentsOf: query.utf8)
            content.append(0)
            content.append(contentsOf: body)
            digest = Digest.sha256(content)
        }
    }

    /// An answer as it went out.
    package struct Answer: Sendable, Equatable {
        package let status: Int
        package let contentType: String
        package let body: [UInt8]

        package init(status: Int, contentType: String, body: [UInt8]) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    private static let select = SQL(
        "SELECT digest, status, content_type, body FROM platform_idempotency_keys WHERE fingerprint = ?1")
    private static let insert = SQL(
        """
        INSERT INTO platform_idempotency_keys (fingerprint, principal_id, route, key, digest, status, content_type, body,
          created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """)
    private static let purge = SQL(
        """
        DELETE FROM platform_idempotency_keys
          WHERE id IN (SELECT id FROM platform_idempotency_keys ORDER BY id LIMIT 500) AND created_at < ?1
        """)

    /// The answer that this request already got; nil when it is new.
    /// - Throws: 409 `DUPLICATE_TRANSACTION` when the key was used for another request.
    package static func lookup(_ db: Connection, _ request: Request) throws -> Answer? {
        let found = try db.first(select, request.fingerprint) { row in
            (
                digest: row.bytes(0),
                answer: Answer(status: Int(row.int(1)), contentType: row.text(2), body: row.bytes(3))
            )
        }
        guard let found else { return nil }
        guard found.digest == request.digest else {
            throw otherRequest
        }
        return found.answer
    }

    static let otherRequest = Problem(
        409, "DUPLICATE_TRANSACTION", "This Idempotency-Key was used for another request; take a new key for a new request.")

    package static func store(_ db: Connection, _ request: Request, _ answer: Answer, now: Instant) throws {
        try db.run(
            insert, request.fingerprint, request.principalID, request.route, request.key, request.digest,
            Int64(answer.status), answer.contentType, answer.body, now)
    }

    /// Whether an answer with this status is kept under its key.
    package static func keeps(status: Int) -> Bool {
        (200..<300).contains(status) || status == 409 || status == 422 || status == 423
    }

    /// Removes up to 500 keys that are older than seven days; called again until it answers 0.
    @discardableResult
    package static func purge(_ db: Connection, now: Instant) throws -> Int {
        let end = now.adding(milliseconds: -daysKept * 86_400_000)
        try UnfinishedWork.purge(db, before: end)
        try db.run(purge, end)
        return db.changes
    }

    // Rows go in at the end; only the short fingerprint is an index with random places.
    static let schema = """
        CREATE TABLE platform_idempotency_keys (
          id           INTEGER PRIMARY KEY,
          fingerprint  BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 16),
          principal_id INTEGER NOT NULL,
          route        TEXT NOT NULL,
          key          TEXT NOT NULL,
          digest       BLOB NOT NULL,
          status       INTEGER NOT NULL,
          content_type TEXT NOT NULL,
          body         BLOB NOT NULL,
          created_at   TEXT NOT NULL
        ) STRICT;
        """
}
