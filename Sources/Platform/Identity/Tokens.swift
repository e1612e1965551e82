import Core
import Storage

/// An API token of a user, without its secret.
package struct Token: Sendable, Equatable {
    package let id: Int64
    package let userID: Int64
    package let username: String
    package let name: String
    /// `["*"]` for all that its user may do.
    package let scopes: [String]
    package let requestsPerMinute: Int64?
    package let createdAt: String
    package let expiresAt: String
    /// Within ten minutes of the truth.
    package let lastUsedAt: String?
    package let revokedAt: String?

    package var value: Value {
        [
            "id": .int(id), "user_id": .int(userID), "username": .string(username), "name": .string(name),
            "scopes": .array(scopes.map { .string($0) }), "requests_per_minute": requestsPerMinute.map { .int($0) } ?? .null,
            "created_at": .string(createdAt), "expires_at": .string(expiresAt),
            "last_used_at": lastUsedAt.map { .string($0) } ?? .null, "revoked_at": revokedAt.map { .string($0) } ?? .null,
        ]
    }
}

/// Bearer tokens for programs: 256 bits, shown once, stored as SHA-256, expiring.
package enum Tokens {
    package static let defaultDays = 90
    package static let longestDays = 366
    /// In front of every token, so that a scan for leaked secrets finds it.
    package static let prefix = "kt_"

    private static let columns =
        "t.id, t.user_id, u.username, t.name, t.scopes, t.requests_per_minute, t.created_at, t.expires_at, t.last_used_at, t.revoked_at"
    private static let from = "FROM platform_tokens t JOIN platform_users u ON u.id = t.user_id"
    private static let select = SQL("SELECT \(columns) \(from) WHERE t.id = ?1")
    private static let selectPage = SQL(
        "SELECT \(columns) \(from) WHERE t.id > ?1 AND (?2 IS NULL OR t.user_id = ?2) ORDER BY t.id LIMIT ?3")
    private static let insert = SQL(
        """
        INSERT INTO platform_tokens (hash, user_id, name, scopes, requests_per_minute, created_at, expires_at)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """)
    private static let revoke = SQL("UPDATE platform_tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")
    private static let countValid = SQL(
        "SELECT count(*) FROM platform_tokens WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2")
    private static let touch = SQL("UPDATE platform_tokens SET last_used_at = ?2 WHERE id = ?1")

    /// - Throws: 404 `token.not_found`.
    package static func get(_ db: Connection, _ id: Int64) throws -> Token {
        guard let token = try db.first(select, id, row: { try read($0) }) else {
            throw Problem(404, "token.not_found", "There is no token \(id).")
        }
        return token
    }

    package static func list(_ db: Connection, after: Int64 = 0, userID: Int64? = nil, limit: Int) throws -> [Token] {
        try db.query(selectPage, after, userID, Int64(limit), row: { try read($0) })
    }

    static func countValid(_ db: Connection, userID: Int64, now: Instant) throws -> Int64 {
        try db.integer(countValid, userID, now)
    }

    /// Makes a token and returns its secret, which nobody can ever read again.
    ///
    /// - Parameters:
    ///   - scopes: permissions that the token is limited to, or `["*"]`.
    ///   - expiresAt: at most 366 days ahead; 90 days when nil.
    /// - Throws: 404 `user.not_found`, 422 `token.expiry_invalid`.
    package static func create(
        _ db: Connection, _ actor: ActingUser, userID: Int64, name: String, scopes: [String] = ["*"],
        requestsPerMinute: Int64? = nil, expiresAt: Instant? = nil
    ) throws -> (token: Token, secret: String) {
        _ = try Users.get(db, userID)
        let expiry = expiresAt ?? actor.at.adding(seconds: Int64(defaultDays) * 86_400)
        guard expiry > actor.at, expiry <= actor.at.adding(seconds: Int64(longestDays) * 86_400) else {
            throw Problem(
                422, "token.expiry_invalid", "A token expires in the future, and at most \(longestDays) days ahead.",
                field: "expires_at")
        }
        let secret = prefix + Random.token()
        try db.run(
            insert, Digest.sha256(secret), userID, name,
            String(decoding: JSON.serialize(.array(scopes.map { .string($0) })), as: UTF8.self), requestsPerMinute,
            actor.at, expiry)
        let token = try get(db, db.lastInsertRowID)
        try Audit.append(db, actor, "token.created", object: ("token", token.id), after: token.value)
        return (token, secret)
    }

    /// Ends a token for good; one that is revoked already stays as it is.
    package static func revoke(_ db: Connection, _ actor: ActingUser, _ id: Int64) throws -> Token {
        let before = try get(db, id)
        guard before.revokedAt == nil else { return before }
        try db.run(revoke, id, actor.at)
        let after = try get(db, id)
        let changes = Audit.difference(before.value, after.value)
        try Audit.append(
            db, actor, "token.revoked", object: ("token", id), before: changes.before, after: changes.after)
        return after
    }

    static func touch(_ db: Connection, _ id: Int64, at: Instant) throws {
        try db.run(touch, id, at)
    }

    static func scopes(from json: String) throws -> [String] {
        try JSON.parse(json).array?.compactMap(\.string) ?? []
    }

    private static func read(_ row: Storage.Row) throws -> Token {
        Token(
            id: row.int(0), userID: row.int(1), username: row.text(2), name: row.text(3), scopes: try scopes(from: row.text(4)),
            requestsPerMinute: row.optionalInt(5), createdAt: row.text(6), expiresAt: row.text(7),
            lastUsedAt: row.optionalText(8), revokedAt: row.optionalText(9))
    }
}
