import Core
import Storage

/// From a bearer token or a session cookie to the principal behind it.
package enum Authentication {
    /// What a request shows.
    package enum Credential: Sendable {
        case token(String)
        case session(String)

        fileprivate var secret: String {
            switch self {
            case .token(let secret), .session(let secret): secret
            }
        }
    }

    /// Who shows this credential to this tenant. A known one costs a hash and a look into a dictionary, another one a read of
    /// the database, which may wait.
    ///
    /// - Throws: 401 `auth.invalid` for a credential that is unknown here (another tenant's is), revoked, or of an inactive
    ///   user; 401 `auth.expired` for one whose time is up.
    package static func authenticate(_ credential: Credential, at tenant: Tenant, now: Instant) throws -> Principal {
        let digest = try digest(of: credential)
        if let principal = try known(credential, digest, at: tenant, now: now) { return principal }
        let generation = tenant.identity.generation
        var entry = try tenant.store.read { db in
            switch credential {
            case .token: try token(db, digest, now)
            case .session: try session(db, digest, now)
            }
        }
        if now.milliseconds - entry.lastStored >= credential.touchMilliseconds {
            touch(entry.principal.credential, at: tenant, now: now)
            entry.lastStored = now.milliseconds
        }
        tenant.identity.keep(entry, for: SecretHash(digest), generation: generation)
        return entry.principal
    }

    /// The same by the database alone, for those who only watch: it does not count as use, so a session may end by resting
    /// while somebody's open page goes on watching.
    package static func look(_ credential: Credential, at tenant: Tenant, now: Instant) throws -> Principal {
        let digest = try digest(of: credential)
        return try tenant.store.read { db in
            switch credential {
            case .token: try token(db, digest, now).principal
            case .session: try session(db, digest, now).principal
            }
        }
    }

    /// The same for threads that must not wait: nil when only the database can tell.
    /// - Throws: as `authenticate`, for what is known.
    package static func known(_ credential: Credential, at tenant: Tenant, now: Instant) throws(Problem) -> Principal? {
        try known(credential, try digest(of: credential), at: tenant, now: now)
    }

    private static func known(
        _ credential: Credential, _ digest: [UInt8], at tenant: Tenant, now: Instant
    ) throws(Problem) -> Principal? {
        let found = tenant.identity.find(
            SecretHash(digest), now: now.milliseconds, touchAfter: credential.touchMilliseconds)
        switch found {
        case .entry(let principal, let mustTouch):
            // A session must not pass as a token or the other way round: their hashes are in different tables.
            guard principal.credential.isSession == credential.isSession else { throw invalid }
            if mustTouch { touch(principal.credential, at: tenant, now: now) }
            return principal
        case .expired: throw expired
        case .nothing: return nil
        }
    }

    private static func digest(of credential: Credential) throws(Problem) -> [UInt8] {
        let secret = credential.secret
        guard (20...120).contains(secret.utf8.count) else { throw invalid }
        return Digest.sha256(secret)
    }

    package static let invalid = Problem(
        401, "auth.invalid", "This token or session is not valid here; sign in again.",
        headers: [("WWW-Authenticate", "Bearer")])
    package static let expired = Problem(
        401, "auth.expired", "This token or session has expired; sign in again.", headers: [("WWW-Authenticate", "Bearer")])

    private static let selectToken = SQL(
        """
        SELECT t.id, t.scopes, t.requests_per_minute, t.expires_at, t.last_used_at, u.id, u.username FROM platform_tokens t
          JOIN platform_users u ON u.id = t.user_id
          WHERE t.hash = ?1 AND t.revoked_at IS NULL AND u.status = 'active'
        """)
    private static let selectSession = SQL(
        """
        SELECT s.id, s.purpose, s.last_seen_at, s.expires_at, u.id, u.username, u.must_change_password
          FROM platform_sessions s JOIN platform_users u ON u.id = s.user_id
          WHERE s.hash = ?1 AND u.status = 'active'
        """)

    private static func token(_ db: Connection, _ digest: [UInt8], _ now: Instant) throws -> IdentityCache.Entry {
        let found = try db.first(selectToken, digest) { row in
            (
                id: row.int(0), scopes: row.text(1), rate: row.optionalInt(2), expiresAt: row.text(3),
                lastUsedAt: row.optionalText(4), userID: row.int(5), username: row.text(6)
            )
        }
        guard let found else { throw invalid }
        let expiry = try Instant(found.expiresAt)
        guard now < expiry else { throw expired }
        let rights = try Rights.of(found.userID, db)
        let principal = Principal(
            kind: .user, credential: .token(found.id), userID: found.userID, username: found.username, roles: rights.roles,
            permissions: narrow(rights, to: try PermissionIncludes.expand(Set(try Tokens.scopes(from: found.scopes)), db)), deniedPermissions: rights.denied,
            branchIDs: rights.branchIDs, requestsPerMinute: found.rate.map { Int($0) },
            allowedAddresses: try AdministrationAddresses.binding(rights.allowed, db))
        return IdentityCache.Entry(
            principal: principal, expiresAt: expiry.milliseconds, idleLimit: nil, lastSeen: now.milliseconds,
            lastStored: try found.lastUsedAt.map { try Instant($0).milliseconds } ?? 0)
    }

    private static func session(_ db: Connection, _ digest: [UInt8], _ now: Instant) throws -> IdentityCache.Entry {
        let found = try db.first(selectSession, digest) { row in
            (
                id: row.int(0), purpose: row.text(1), lastSeenAt: row.text(2), expiresAt: row.text(3), userID: row.int(4),
                username: row.text(5), mustChangePassword: row.bool(6)
            )
        }
        guard let found else { throw invalid }
        let expiry = try Instant(found.expiresAt)
        let seen = try Instant(found.lastSeenAt).milliseconds
        guard now < expiry, now.milliseconds - seen <= Sessions.idleMilliseconds else { throw expired }
        let rights = try Rights.of(found.userID, db)
        let restriction: Principal.Restriction =
            if found.purpose == Sessions.Purpose.export.rawValue { .export }
            else if found.mustChangePassword { .passwordChange }
            else { .none }
        let principal = Principal(
            kind: .user, credential: .session(found.id), userID: found.userID, username: found.username,
            roles: rights.roles, permissions: rights.allowed, deniedPermissions: rights.denied,
            branchIDs: rights.branchIDs, restriction: restriction,
            allowedAddresses: try AdministrationAddresses.binding(rights.allowed, db))
        return IdentityCache.Entry(
            principal: principal, expiresAt: expiry.milliseconds, idleLimit: Sessions.idleMilliseconds,
            lastSeen: now.milliseconds, lastStored: seen)
    }

    /// A token may do what both its user and its scopes allow.
    private static func narrow(_ rights: Rights, to scopes: Set<String>) -> Set<String> {
        if scopes.contains(PermissionCatalogue.everything) { return rights.allowed }
        let scopes = scopes.subtracting(rights.denied)
        return rights.allowed.contains(PermissionCatalogue.everything) ? scopes : rights.allowed.intersection(scopes)
    }

    private static func touch(_ credential: Principal.Credential, at tenant: Tenant, now: Instant) {
        // Best effort: a full queue only means that the time of use is told a little late.
        try? tenant.store.submit(TouchCredential(credential, now))
    }
}

/// Writes down that a credential was used.
private final class TouchCredential: LaneWork {
    private let credential: Principal.Credential
    private let at: Instant

    init(_ credential: Principal.Credential, _ at: Instant) {
        self.credential = credential
        self.at = at
    }

    func perform(_ db: Connection) throws {
        switch credential {
        case .token(let id): try Tokens.touch(db, id, at: at)
        case .session(let id): try Sessions.touch(db, id, at: at)
        case .none, .local: break
        }
    }

    func refused(_ error: any Error, _ db: Connection) throws {}
    func finished(_ outcome: LaneOutcome) {}
}

extension Authentication.Credential {
    fileprivate var isSession: Bool { if case .session = self { true } else { false } }

    /// How stale the stored time of use may get.
    fileprivate var touchMilliseconds: Int64 {
        switch self {
        case .token: 10 * 60_000
        case .session: Sessions.touchMilliseconds
        }
    }
}

extension Principal.Credential {
    fileprivate var isSession: Bool { if case .session = self { true } else { false } }
}
