import Core
import Storage

/// Links by which a person sets a password: invitations and resets. Valid once, for 24 hours.
package enum OneTimeLinks {
    package static let validMilliseconds: Int64 = 24 * 3_600_000

    package enum Purpose: String, Sendable {
        case invitation
        case reset
    }

    package struct Link: Sendable {
        package let userID: Int64
        package let purpose: Purpose
    }

    private static let insert = SQL(
        """
        INSERT INTO platform_one_time_links (hash, user_id, purpose, created_at, expires_at)
          VALUES (?1, ?2, ?3, ?4, ?5)
        """)
    private static let cancel = SQL(
        "UPDATE platform_one_time_links SET used_at = ?2 WHERE user_id = ?1 AND used_at IS NULL")
    private static let select = SQL(
        """
        SELECT l.user_id, l.purpose FROM platform_one_time_links l JOIN platform_users u ON u.id = l.user_id
          WHERE l.hash = ?1 AND l.used_at IS NULL AND l.expires_at > ?2 AND u.status = 'active'
        """)
    private static let use = SQL("UPDATE platform_one_time_links SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL")

    /// Makes a link's secret; the user's earlier links end.
    package static func create(
        _ db: Connection, _ actor: ActingUser, userID: Int64, purpose: Purpose
    ) throws -> (secret: String, expiresAt: Instant) {
        try cancelAll(db, userID: userID, at: actor.at)
        let secret = Random.token()
        let expiry = actor.at.adding(milliseconds: validMilliseconds)
        try db.run(insert, Digest.sha256(secret), userID, purpose.rawValue, actor.at, expiry)
        try Audit.append(
            db, actor, "user.link_created", object: ("user", userID),
            after: ["purpose": .string(purpose.rawValue), "expires_at": .string(expiry.description)])
        return (secret, expiry)
    }

    /// The page that the link leads to. The secret stands behind the number sign, so that no log and no referrer has it.
    package static func url(_ secret: String, at tenant: Tenant, _ instance: Instance) -> String {
        instance.url(tenant, path: "/set-password#\(secret)")
    }

    /// Whose link this is.
    /// - Throws: 410 `auth.link_expired` for one that is unknown, used or too old.
    package static func find(_ db: Connection, secret: String, now: Instant) throws -> Link {
        let found = try db.first(select, Digest.sha256(secret), now) { row in
            Link(userID: row.int(0), purpose: Purpose(rawValue: row.text(1)) ?? .reset)
        }
        guard let found else { throw expired }
        return found
    }

    /// Takes the link, so that it works once.
    /// - Throws: 410 `auth.link_expired`.
    package static func use(_ db: Connection, secret: String, now: Instant) throws -> Link {
        let link = try find(db, secret: secret, now: now)
        try db.run(use, Digest.sha256(secret), now)
        guard db.changes == 1 else { throw expired }
        return link
    }

    static func cancelAll(_ db: Connection, userID: Int64, at: Instant) throws {
        try db.run(cancel, userID, at)
    }

    private static let expired = Problem(
        410, "auth.link_expired", "This link was used already or is older than 24 hours; ask for a new one.")
}
