import Core
import Storage
import Synchronization

/// A person or program that runs the installation.
package struct Operator: Sendable, Equatable {
    package let id: Int64
    package let name: String
    package let createdAt: String
    package let expiresAt: String
    package let revokedAt: String?

    package var value: Value {
        [
            "id": .int(id), "name": .string(name), "created_at": .string(createdAt), "expires_at": .string(expiresAt),
            "revoked_at": revokedAt.map { .string($0) } ?? .null,
        ]
    }
}

struct KnownOperator: Sendable {
    let id: Int64
    let name: String
    let expiresAt: Instant
}

extension SystemStore {
    private static let selectValid = SQL("SELECT hash, id, name, expires_at FROM operators WHERE revoked_at IS NULL")
    private static let columns = "id, name, created_at, expires_at, revoked_at"
    private static let selectOperators = SQL("SELECT \(columns) FROM operators ORDER BY id")
    private static let selectOperator = SQL("SELECT \(columns) FROM operators WHERE id = ?1")
    private static let insertOperator = SQL(
        "INSERT INTO operators (name, hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)")
    private static let revokeOperator = SQL("UPDATE operators SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")

    /// In front of every operator's token.
    package static let operatorTokenPrefix = "ko_"

    /// Who shows this token on the operator's host. No database is read.
    /// - Throws: 401 `auth.invalid`, 401 `auth.expired`.
    package func authenticateOperator(token: String, now: Instant) throws(Problem) -> Principal {
        guard (20...120).contains(token.utf8.count) else { throw Authentication.invalid }
        let hash = SecretHash(Digest.sha256(token))
        guard let known = operators.withLock({ $0[hash] }) else { throw Authentication.invalid }
        guard now < known.expiresAt else { throw Authentication.expired }
        return Principal(kind: .operator, credential: .local, username: known.name, permissions: ["*"])
    }

    /// Makes an operator's token and returns its secret, which nobody can ever read again.
    /// - Parameter days: 1...366.
    package func createOperator(name: String, days: Int = 90, actor: ActingUser) throws -> (operator: Operator, secret: String) {
        guard (1...Tokens.longestDays).contains(days) else {
            throw Problem(422, "token.expiry_invalid", "A token lives 1 to \(Tokens.longestDays) days.", field: "days")
        }
        let secret = Self.operatorTokenPrefix + Random.token()
        let made = try store.write { db in
            try db.run(
                Self.insertOperator, name, Digest.sha256(secret), actor.at, actor.at.adding(seconds: Int64(days) * 86_400))
            let made = try Self.get(db, db.lastInsertRowID)
            try Audit.append(db, actor, "operator.created", object: ("operator", made.id), after: made.value)
            return made
        }
        try loadOperators()
        return (made, secret)
    }

    /// - Throws: 404 `operator.not_found`.
    package func revokeOperator(_ id: Int64, actor: ActingUser) throws -> Operator {
        let revoked = try store.write { db in
            let before = try Self.get(db, id)
            try db.run(Self.revokeOperator, id, actor.at)
            let after = try Self.get(db, id)
            let changes = Audit.difference(before.value, after.value)
            try Audit.append(
                db, actor, "operator.revoked", object: ("operator", id), before: changes.before, after: changes.after)
            return after
        }
        try loadOperators()
        return revoked
    }

    package func listOperators() throws -> [Operator] {
        try store.read { db in try db.query(Self.selectOperators) { Self.read($0) } }
    }

    func loadOperators() throws {
        let valid = try store.read { db in
            try db.query(Self.selectValid) { row in
                (SecretHash(row.bytes(0)), KnownOperator(id: row.int(1), name: row.text(2), expiresAt: try row.instant(3)))
            }
        }
        operators.withLock { $0 = Dictionary(uniqueKeysWithValues: valid) }
    }

    private static func get(_ db: Connection, _ id: Int64) throws -> Operator {
        guard let found = try db.first(selectOperator, id, row: { read($0) }) else {
            throw Problem(404, "operator.not_found", "There is no operator \(id).")
        }
        return found
    }

    private static func read(_ row: Storage.Row) -> Operator {
        Operator(
            id: row.int(0), name: row.text(1), createdAt: row.text(2), expiresAt: row.text(3), revokedAt: row.optionalText(4))
    }
}
