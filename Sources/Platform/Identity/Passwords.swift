import Core
import Storage

/// Changing a password. The hash is made before, on a worker.
package enum Passwords {
    private static let update = SQL(
        """
        UPDATE platform_users SET password_hash = ?2, must_change_password = ?3, failed_attempts = 0, locked_until = NULL,
          updated_at = ?4, version = version + 1 WHERE id = ?1
        """)
    private static let selectHash = SQL("SELECT password_hash FROM platform_users WHERE id = ?1")

    package static func hash(of userID: Int64, _ db: Connection) throws -> String? {
        try db.text(selectHash, userID)
    }

    /// Sets a password in a transaction of its own; every session of the user but one ends, and every link.
    ///
    /// Waits for the disk: for workers and the command line.
    /// - Parameters:
    ///   - mustChange: whether the user has to choose another one at the next log-in.
    ///   - link: the one-time link that allows it; it is used up.
    /// - Throws: 410 `auth.link_expired`.
    package static func set(
        _ tenant: Tenant, _ actor: ActingUser, userID: Int64, hash: String, mustChange: Bool = false,
        keepSession: Int64 = 0, link: String? = nil
    ) throws {
        try tenant.store.write { db in
            try tenant.identityWillChange()
            if let link { _ = try OneTimeLinks.use(db, secret: link, now: actor.at) }
            try db.run(update, userID, hash, mustChange, actor.at)
            try Sessions.endAll(db, userID: userID, except: keepSession)
            try OneTimeLinks.cancelAll(db, userID: userID, at: actor.at)
            try Audit.append(
                db, actor, "user.password_changed", object: ("user", userID),
                after: ["must_change_password": .bool(mustChange), "by_link": .bool(link != nil)])
        }
    }
}
