import Core
import Storage

/// Signing in with username (or e-mail address), password and, where it is set up, a one-time code.
///
/// Runs on a worker: the password's hash takes tens of milliseconds, and nothing of that may happen on a lane.
package enum LogIn {
    package static let failuresAllowed = 5
    package static let lockMilliseconds: Int64 = 15 * 60_000

    package struct Success: Sendable {
        package let user: User
        /// The cookie's value.
        package let secret: String
        package let expiresAt: Instant
        package let purpose: Sessions.Purpose
    }

    private struct Account: Sendable {
        var id: Int64
        var username: String
        var passwordHash: String?
        var isActive: Bool
        var sealedSecret: [UInt8]?
        var lastStep: Int64
        var lockedUntil: Instant?

        init(_ row: Row) throws {
            id = row.int(0)
            username = row.text(1)
            passwordHash = row.optionalText(2)
            isActive = row.text(3) == "active"
            sealedSecret = row.optionalBytes(4)
            lastStep = row.int(5)
            lockedUntil = try row.optionalInstant(6)
        }
    }

    private static let select = SQL(
        """
        SELECT id, username, password_hash, status, CASE WHEN totp_confirmed THEN totp_secret END, totp_last_step,
          locked_until FROM platform_users WHERE username = ?1 OR email = ?1
        """)
    private static let succeed = SQL(
        "UPDATE platform_users SET failed_attempts = 0, locked_until = NULL, last_login_at = ?2, totp_last_step = ?3, password_hash = ?4 WHERE id = ?1")
    private static let fail = SQL("UPDATE platform_users SET failed_attempts = failed_attempts + 1 WHERE id = ?1")
    private static let selectFailures = SQL("SELECT failed_attempts FROM platform_users WHERE id = ?1")
    private static let lock = SQL(
        "UPDATE platform_users SET failed_attempts = 0, locked_until = ?2 WHERE id = ?1")
    private static let selectState = SQL(
        "SELECT password_hash, status, totp_last_step FROM platform_users WHERE id = ?1")

    /// Starts a session.
    ///
    /// Unknown names cost the same time and are locked out in the same way as known ones, so that nobody learns from an
    /// answer who has an account.
    /// - Parameter code: six digits of the authenticator app, or a recovery code.
    /// - Throws: 401 `auth.failed`; 401 `auth.code_required` after a right password; 429 `auth.locked` with Retry-After;
    ///   403 `tenant.inactive`, `auth.address_not_allowed`.
    package static func signIn(
        _ tenant: Tenant, _ instance: Instance, name: String, password: String, code: String?, remoteAddress: String,
        requestID: String, now: Instant
    ) throws -> Success {
        let name = name.lowercased()
        let purpose = try purpose(at: tenant, now: now)
        guard password.utf8.count <= PasswordPolicy.longest, name.utf8.count <= 254 else { throw failed }
        let account = try tenant.store.read { db in try db.first(select, name, row: { try Account($0) }) }
        guard let account, account.isActive, let hash = account.passwordHash else {
            let locked = tenant.unknownNames.lockedUntil(name)
            guard locked <= now.milliseconds else { throw lockedOut(until: locked, now) }
            try instance.passwords.verifyNothing(password)
            _ = tenant.unknownNames.fail(
                name, now: now.milliseconds, limit: failuresAllowed, lockMilliseconds: lockMilliseconds)
            // On disk like a failure of a known name: for the log, and because a commit takes time that could be measured.
            // Without the name, which may be a password typed into the wrong field.
            let nobody = ActingUser(id: 0, name: "", remoteAddress: remoteAddress, requestID: requestID, at: now)
            try tenant.store.write { db in
                try Refusals.record(db, nobody, endpoint: "POST /login", problem: Problem(401, failed.code, "Unknown name."))
            }
            throw failed
        }
        if let until = account.lockedUntil, until > now { throw lockedOut(until: until.milliseconds, now) }
        let actor = ActingUser(
            id: account.id, name: account.username, remoteAddress: remoteAddress, requestID: requestID, at: now)
        guard try instance.passwords.verify(password, hash) else {
            try noteFailure(tenant, actor, "password")
            throw failed
        }
        var step = account.lastStep
        var recoveryCode: String?
        if let sealed = account.sealedSecret {
            guard let code, !code.isEmpty else {
                throw Problem(401, "auth.code_required", "Send the six digits of your authenticator app as “code”.", field: "code")
            }
            let secret = try tenant.box.open(sealed, context: TwoFactor.context(account.id))
            if let found = TOTP.verify(code, secret: secret, at: now, after: account.lastStep) {
                step = found
            } else {
                recoveryCode = code
            }
        }
        let fresh = instance.passwords.needsRehash(hash) ? try instance.passwords.hash(password) : nil
        let success = try tenant.store.write { [step, recoveryCode] db in
            try finish(db, actor, account, hash, fresh: fresh, step: step, recoveryCode: recoveryCode, purpose)
        }
        guard let success else {
            try noteFailure(tenant, actor, "code")
            throw failed
        }
        return success
    }

    /// The end of a log-in, on the lane: the account may have changed since it was read. Nil for a wrong code.
    private static func finish(
        _ db: Connection, _ actor: ActingUser, _ account: Account, _ hash: String, fresh: String?, step: Int64,
        recoveryCode: String?, _ purpose: Sessions.Purpose
    ) throws -> Success? {
        let isSame = try db.first(selectState, account.id) { row in
            row.optionalText(0) == hash && row.text(1) == "active" && row.int(2) == account.lastStep
        }
        guard isSame == true else { return nil }
        if let recoveryCode {
            guard try TwoFactor.spend(db, actor, userID: account.id, code: recoveryCode) else { return nil }
        }
        try db.run(succeed, account.id, actor.at, step, fresh ?? hash)
        let user = try Users.get(db, account.id)
        if purpose == .export {
            let rights = try Rights.of(account.id, db)
            let mayExport = rights.allowed.contains("tenant.export") || rights.allowed.contains(PermissionCatalogue.everything)
            guard mayExport, !rights.denied.contains("tenant.export") else { throw TenantDirectory.inactive }
        }
        let ranges = try AdministrationAddresses.binding(try Rights.of(account.id, db).allowed, db)
        guard AdministrationAddresses.isAllowed(actor.remoteAddress, ranges) else { throw AdministrationAddresses.refused }
        let session = try Sessions.start(db, actor, userID: account.id, purpose: purpose)
        try Audit.append(
            db, actor, "user.signed_in", object: ("user", account.id),
            after: ["session_id": .int(session.id), "purpose": .string(purpose.rawValue)])
        return Success(user: user, secret: session.secret, expiresAt: session.expiresAt, purpose: purpose)
    }

    /// The user who makes a call, after they have shown their password once more.
    ///
    /// Wrong guesses count as at log-in: a session that somebody left open must not be a way to guess.
    /// - Throws: 403 `password.wrong`, 429 `auth.locked`.
    static func checkPresentPassword(
        _ tenant: Tenant, _ call: Call, _ password: String, field: String
    ) throws -> User {
        let userID = call.principal.userID
        let (user, hash) = try tenant.store.read { db in (try Users.get(db, userID), try Passwords.hash(of: userID, db)) }
        if let until = try user.lockedUntil.map({ try Instant($0) }), until > call.now {
            throw lockedOut(until: until.milliseconds, call.now)
        }
        guard let hash, try call.instance.passwords.verify(password, hash) else {
            try noteFailure(tenant, call.actingUser, "password", endpoint: call.endpoint)
            throw Problem(403, "password.wrong", "This is not your present password.", field: field)
        }
        return user
    }

    private static func noteFailure(_ tenant: Tenant, _ actor: ActingUser, _ what: String, endpoint: Endpoint? = nil) throws {
        let place = endpoint.map { "\($0.method.rawValue) \($0.path)" } ?? "POST /login"
        try tenant.store.write { db in
            try db.run(fail, actor.id)
            if try db.integer(selectFailures, actor.id) >= failuresAllowed {
                let until = actor.at.adding(milliseconds: lockMilliseconds)
                try db.run(lock, actor.id, until)
                try Audit.append(
                    db, actor, "user.locked", object: ("user", actor.id),
                    after: ["locked_until": .string(until.description)], reason: "\(failuresAllowed) failed log-ins")
            }
            try Refusals.record(
                db, actor, endpoint: place, problem: Problem(401, failed.code, "Wrong \(what)."))
        }
    }

    /// What kind of session the tenant's status allows.
    private static func purpose(at tenant: Tenant, now: Instant) throws -> Sessions.Purpose {
        let facts = tenant.facts
        if facts.status == .active { return .full }
        guard let until = facts.exportUntil, now < until else { throw TenantDirectory.inactive }
        return .export
    }

    package static let failed = Problem(401, "auth.failed", "Username, password or code is not right.")

    private static func lockedOut(until: Int64, _ now: Instant) -> Problem {
        let seconds = max(1, (until - now.milliseconds + 999) / 1000)
        return Problem(
            429, "auth.locked", "Too many failed log-ins: wait \((seconds + 59) / 60) minutes, or ask an administrator.",
            headers: [("Retry-After", String(seconds))])
    }
}
