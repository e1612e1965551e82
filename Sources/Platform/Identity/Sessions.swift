import Core
import Storage

/// Sessions of people: a cookie with 256 random bits, its SHA-256 here.
package enum Sessions {
    package static let absoluteMilliseconds: Int64 = 12 * 3_600_000
    package static let idleMilliseconds: Int64 = 30 * 60_000
    /// The read-only session at an inactive tenant.
    package static let exportMilliseconds: Int64 = 3_600_000
    /// How far `last_seen_at` may lag behind: the idle limit counts from the stored time after a restart.
    static let touchMilliseconds: Int64 = 60_000

    package enum Purpose: String, Sendable {
        case full
        case export
    }

    private static let insert = SQL(
        """
        INSERT INTO platform_sessions (hash, user_id, purpose, created_at, last_seen_at, expires_at, remote_address)
          VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)
        """)
    private static let delete = SQL("DELETE FROM platform_sessions WHERE id = ?1")
    private static let deleteAll = SQL("DELETE FROM platform_sessions WHERE user_id = ?1 AND id <> ?2")
    private static let touch = SQL("UPDATE platform_sessions SET last_seen_at = ?2 WHERE id = ?1")
    private static let purge = SQL("DELETE FROM platform_sessions WHERE expires_at < ?1 OR last_seen_at < ?2")

    /// Starts a session and returns the cookie's value.
    package static func start(
        _ db: Connection, _ actor: ActingUser, userID: Int64, purpose: Purpose = .full
    ) throws -> (id: Int64, secret: String, expiresAt: Instant) {
        let secret = Random.token()
        let length = purpose == .full ? absoluteMilliseconds : exportMilliseconds
        let expiry = actor.at.adding(milliseconds: length)
        try db.run(insert, Digest.sha256(secret), userID, purpose.rawValue, actor.at, expiry, actor.remoteAddress)
        return (db.lastInsertRowID, secret, expiry)
    }

    package static func end(_ db: Connection, _ id: Int64) throws {
        try db.run(delete, id)
    }

    /// Ends all sessions of a user but one.
    package static func endAll(_ db: Connection, userID: Int64, except id: Int64 = 0) throws {
        try db.run(deleteAll, userID, id)
    }

    static func touch(_ db: Connection, _ id: Int64, at: Instant) throws {
        try db.run(touch, id, at)
    }

    /// Removes sessions that can no longer be used.
    package static func purge(_ db: Connection, now: Instant) throws {
        try db.run(purge, now, now.adding(milliseconds: -idleMilliseconds - touchMilliseconds))
    }
}
