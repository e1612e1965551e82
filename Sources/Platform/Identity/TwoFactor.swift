import Core
import Storage

/// The second factor of a log-in: an authenticator app, and recovery codes for the day on which it is lost.
package enum TwoFactor {
    package static let recoveryCodeCount = 10

    private static let setSecret = SQL(
        "UPDATE platform_users SET totp_secret = ?2, totp_confirmed = 0, totp_last_step = 0 WHERE id = ?1")
    private static let selectSecret = SQL("SELECT totp_secret, totp_confirmed, totp_last_step FROM platform_users WHERE id = ?1")
    private static let confirm = SQL(
        """
        UPDATE platform_users SET totp_confirmed = 1, totp_last_step = ?2, updated_at = ?3, version = version + 1
          WHERE id = ?1
        """)
    private static let disable = SQL(
        """
        UPDATE platform_users SET totp_secret = NULL, totp_confirmed = 0, updated_at = ?2, version = version + 1
          WHERE id = ?1
        """)
    private static let deleteCodes = SQL("DELETE FROM platform_recovery_codes WHERE user_id = ?1")
    private static let insertCode = SQL("INSERT INTO platform_recovery_codes (user_id, hash) VALUES (?1, ?2)")
    private static let useCode = SQL(
        "UPDATE platform_recovery_codes SET used_at = ?3 WHERE user_id = ?1 AND hash = ?2 AND used_at IS NULL")
    private static let countCodes = SQL(
        "SELECT count(*) FROM platform_recovery_codes WHERE user_id = ?1 AND used_at IS NULL")

    /// Makes a secret that counts from `confirm` on.
    /// - Throws: 409 `two_factor.enabled` when there is a confirmed one.
    static func begin(_ db: Connection, userID: Int64, box: TenantBox) throws -> [UInt8] {
        guard try state(db, userID).confirmed == false else {
            throw Problem(409, "two_factor.enabled", "Two-factor log-in is on; turn it off first to set it up anew.")
        }
        let secret = Random.bytes(20)
        try db.run(setSecret, userID, try box.seal(secret, context: context(userID)))
        return secret
    }

    /// Turns it on, once a code has shown that the app has the secret. Returns the recovery codes, which nobody can read again.
    /// - Throws: 409 `two_factor.not_begun`, 422 `two_factor.code_wrong`.
    static func confirm(
        _ db: Connection, _ actor: ActingUser, userID: Int64, code: String, box: TenantBox
    ) throws -> [String] {
        let state = try state(db, userID)
        guard let sealed = state.sealed, !state.confirmed else {
            throw Problem(409, "two_factor.not_begun", "Set two-factor log-in up first.")
        }
        let secret = try box.open(sealed, context: context(userID))
        guard let step = TOTP.verify(code, secret: secret, at: actor.at, after: state.lastStep) else {
            throw Problem(422, "two_factor.code_wrong", "This is not the app's present code; look at the clocks of both.", field: "code")
        }
        try db.run(confirm, userID, step, actor.at)
        try db.run(deleteCodes, userID)
        let codes = (0..<recoveryCodeCount).map { _ in recoveryCode() }
        for code in codes { try db.run(insertCode, userID, hash(code, userID)) }
        try Audit.append(
            db, actor, "user.two_factor_enabled", object: ("user", userID), before: ["two_factor": false],
            after: ["two_factor": true])
        return codes
    }

    package static func disable(_ db: Connection, _ actor: ActingUser, userID: Int64) throws {
        guard try state(db, userID).sealed != nil else { return }
        try db.run(disable, userID, actor.at)
        try db.run(deleteCodes, userID)
        try Audit.append(
            db, actor, "user.two_factor_disabled", object: ("user", userID), before: ["two_factor": true],
            after: ["two_factor": false])
    }

    /// Takes a recovery code; false when it is none or was used.
    static func spend(_ db: Connection, _ actor: ActingUser, userID: Int64, code: String) throws -> Bool {
        try db.run(useCode, userID, hash(code, userID), actor.at)
        guard db.changes == 1 else { return false }
        let left = try db.integer(countCodes, userID)
        try Audit.append(
            db, actor, "user.recovery_code_used", object: ("user", userID), after: ["recovery_codes_left": .int(left)])
        return true
    }

    /// Where a sealed secret belongs: what is copied to another user's row does not open.
    static func context(_ userID: Int64) -> String { "user:\(userID)/totp" }

    private static func state(
        _ db: Connection, _ userID: Int64
    ) throws -> (sealed: [UInt8]?, confirmed: Bool, lastStep: Int64) {
        let found = try db.first(selectSecret, userID) { row in
            (sealed: row.optionalBytes(0), confirmed: row.bool(1), lastStep: row.int(2))
        }
        guard let found else { throw Problem(404, "user.not_found", "There is no user \(userID).") }
        return found
    }

    /// 50 bits in two groups of letters and digits that are not easily mistaken.
    private static func recoveryCode() -> String {
        let text = TOTP.base32(Random.bytes(7)).lowercased().prefix(10)
        return "\(text.prefix(5))-\(text.suffix(5))"
    }

    private static func hash(_ code: String, _ userID: Int64) -> [UInt8] {
        let plain = code.lowercased().filter { $0 != "-" && $0 != " " }
        return Digest.sha256("kontor.recovery.\(userID).\(plain)")
    }
}
