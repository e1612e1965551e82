import Core
import Storage

/// What is done in one step when log-ins may be in wrong hands: everybody is put out, nothing that opened the business before
/// opens it again, and nothing is changed until somebody has looked.
package enum Breach {
    /// What was ended.
    package struct Report: Sendable, Equatable {
        package var sessions = 0
        package var tokens = 0
        package var links = 0
        /// Users who choose another password when they sign in.
        package var users = 0

        package var value: Value {
            [
                "sessions_ended": .int(Int64(sessions)), "tokens_revoked": .int(Int64(tokens)), "links_cancelled": .int(Int64(links)),
                "users_to_change_password": .int(Int64(users)),
            ]
        }
    }

    private static let endSessions = SQL("DELETE FROM platform_sessions")
    private static let revokeTokens = SQL("UPDATE platform_tokens SET revoked_at = ?1 WHERE revoked_at IS NULL")
    private static let cancelLinks = SQL("UPDATE platform_one_time_links SET used_at = ?1 WHERE used_at IS NULL")
    private static let forcePasswords = SQL(
        """
        UPDATE platform_users SET must_change_password = 1, updated_at = ?1, version = version + 1
          WHERE password_hash IS NOT NULL AND must_change_password = 0
        """)

    /// Ends every session, revokes every token, cancels every one-time link, has everybody choose another password, and makes
    /// the tenant read-only, in one transaction. Waits for the disk.
    package static func declare(_ tenant: Tenant, actor: ActingUser, reason: String) throws -> (mark: ReadOnlyMark, report: Report) {
        let made = Slot()
        let mark = try ReadOnly.begin(tenant, .breach, actor: actor, reason: reason) { db in
            made.report = try endCredentials(tenant, db, actor: actor, reason: reason)
        }
        return (mark, made.report)
    }

    /// The same without making it read-only, in the caller's transaction: for a database that was brought back from before.
    @discardableResult
    package static func endCredentials(_ tenant: Tenant, _ db: Connection, actor: ActingUser, reason: String) throws -> Report {
        try tenant.identityWillChange()
        var report = Report()
        try db.run(endSessions)
        report.sessions = db.changes
        try db.run(revokeTokens, actor.at)
        report.tokens = db.changes
        try db.run(cancelLinks, actor.at)
        report.links = db.changes
        try db.run(forcePasswords, actor.at)
        report.users = db.changes
        try Audit.append(db, actor, "tenant.breach_declared", object: ("tenant", tenant.id), after: report.value, reason: reason)
        return report
    }

    /// `@unchecked Sendable`: written by the lane's thread inside the transaction, read by the thread that waited for its commit.
    private final class Slot: @unchecked Sendable {
        var report = Report()
    }
}
