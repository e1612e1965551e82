import Core
import Storage
import Synchronization

/// That a tenant only reads: since when, by whom and why.
package struct ReadOnlyMark: Sendable, Equatable {
    package enum Cause: String, Sendable, CaseIterable {
        /// Somebody stopped all changes.
        case freeze
        /// Log-ins may be in wrong hands: `Breach`.
        case breach
        /// The database was damaged and brought back: somebody has to look before it goes on.
        case recovery
    }

    package let cause: Cause
    package let since: Instant
    package let by: String
    package let reason: String

    package init(_ cause: Cause, since: Instant, by: String, reason: String) {
        self.cause = cause
        self.since = since
        self.by = by
        self.reason = reason
    }

    package var value: Value {
        [
            "read_only": true, "cause": .string(cause.rawValue), "since": .string(since.description), "by": .string(by),
            "reason": .string(reason),
        ]
    }

    /// 423 `tenant.read_only`.
    package var problem: Problem {
        Problem(
            423, "tenant.read_only",
            "This business only reads since \(since.description): \(by) stopped all changes (\(reason)). Somebody with the permission tenant.freeze lets them go on by DELETE /api/read-only, the operator by kontor thaw.",
            extra: [
                ("cause", .string(cause.rawValue)), ("since", .string(since.description)), ("by", .string(by)),
                ("reason", .string(reason)),
            ])
    }
}

/// Whether a tenant takes changes, as this process knows it. The database has the truth; what is asked for each request is here.
final class Writability: Sendable {
    private enum Known: UInt8 {
        case nothing, writable, readOnly
    }

    private let known = Atomic<UInt8>(Known.nothing.rawValue)
    private let kept = Mutex<ReadOnlyMark?>(nil)

    /// Whether the database has to be asked first.
    var isUnknown: Bool { known.load(ordering: .acquiring) == Known.nothing.rawValue }

    /// Nil while it takes changes, or nothing is known.
    var mark: ReadOnlyMark? {
        known.load(ordering: .acquiring) == Known.readOnly.rawValue ? kept.withLock { $0 } : nil
    }

    func set(_ mark: ReadOnlyMark?) {
        kept.withLock { kept in
            kept = mark
            known.store((mark == nil ? Known.writable : .readOnly).rawValue, ordering: .releasing)
        }
    }

    /// What the database said, unless more is known by now.
    func fill(_ mark: ReadOnlyMark?) {
        kept.withLock { kept in
            guard isUnknown else { return }
            kept = mark
            known.store((mark == nil ? Known.writable : .readOnly).rawValue, ordering: .releasing)
        }
    }

    func drop() {
        kept.withLock { kept in
            kept = nil
            known.store(Known.nothing.rawValue, ordering: .releasing)
        }
    }
}

/// The switch that makes a tenant read-only: every change of its data is refused with 423 `tenant.read_only`, jobs and messages
/// wait, reading goes on, and so do log-ins, passwords and the revoking of credentials.
///
/// Its functions wait for the disk: for workers and the command line.
package enum ReadOnly {
    package static let migrations = [
        Migration(
            room: "read_only", number: 1, name: "that a tenant only reads",
            sql: """
                -- One row while it does.
                CREATE TABLE platform_read_only (
                  id         INTEGER PRIMARY KEY CHECK (id = 1),
                  cause      TEXT NOT NULL,
                  since      TEXT NOT NULL,
                  by         TEXT NOT NULL,
                  reason     TEXT NOT NULL
                ) STRICT;
                """)
    ]

    private static let select = SQL("SELECT cause, since, by, reason FROM platform_read_only")
    private static let upsert = SQL(
        "INSERT OR REPLACE INTO platform_read_only (id, cause, since, by, reason) VALUES (1, ?1, ?2, ?3, ?4)")
    private static let delete = SQL("DELETE FROM platform_read_only")

    package static func find(_ db: Connection) throws -> ReadOnlyMark? {
        try db.first(select) { row in
            ReadOnlyMark(
                ReadOnlyMark.Cause(rawValue: row.text(0)) ?? .freeze, since: try row.instant(1), by: row.text(2), reason: row.text(3))
        }
    }

    package static func store(_ mark: ReadOnlyMark, _ db: Connection) throws {
        try db.run(upsert, mark.cause.rawValue, mark.since, mark.by, mark.reason)
    }

    /// Stops all changes. Nothing that was not committed before this is called is committed after it returns.
    /// - Parameter further: what belongs to it, in the same transaction.
    /// - Returns: the mark that is in force; one that was there before stays, unless a graver cause takes its place.
    @discardableResult
    package static func begin(
        _ tenant: Tenant, _ cause: ReadOnlyMark.Cause, actor: ActingUser, reason: String,
        further: @escaping @Sendable (Connection) throws -> Void = { _ in }
    ) throws -> ReadOnlyMark {
        try tenant.loadWritability()
        let before = tenant.writability.mark
        let mark = before.flatMap { cause == .freeze || $0.cause == cause ? $0 : nil }
            ?? ReadOnlyMark(cause, since: actor.at, by: actor.name, reason: reason)
        // First here, so that what waits in the lane is refused too.
        tenant.writability.set(mark)
        do {
            try tenant.store.write { db in
                if mark != before {
                    try store(mark, db)
                    try Audit.append(
                        db, actor, "tenant.frozen", object: ("tenant", tenant.id), before: before?.value ?? .null, after: mark.value,
                        reason: reason)
                }
                try further(db)
            } committed: { _ in
                // Its database may have been closed and opened in between.
                tenant.writability.set(mark)
            }
            return mark
        } catch {
            tenant.writability.drop()
            throw error
        }
    }

    /// Lets changes go on, and what is due begin.
    /// - Throws: 409 `tenant.not_read_only`.
    package static func end(_ tenant: Tenant, actor: ActingUser, reason: String) throws {
        try tenant.store.write { db in
            guard let mark = try find(db) else {
                throw Problem(409, "tenant.not_read_only", "This business takes changes: nothing holds it.")
            }
            try db.run(delete)
            try Audit.append(
                db, actor, "tenant.thawed", object: ("tenant", tenant.id), before: mark.value, after: ["read_only": false], reason: reason)
        } committed: { _ in
            tenant.writability.set(nil)
        }
        tenant.wake()
    }

    /// Writes into a database that took another's place what held that one.
    package static func carry(_ mark: ReadOnlyMark?, _ db: Connection) throws {
        if let mark { try store(mark, db) } else { try db.run(delete) }
    }

    /// What goes on at a tenant that only reads: getting in and out, credentials, proofs and copies.
    static func lets(_ endpoint: Endpoint) -> Bool {
        endpoint.method == .get || endpoint.execution == .read || going.contains(endpoint.path.description)
    }

    private static let going: Set<String> = [
        "/login", "/logout", "/api/session/password", "/api/set-password", "/api/session/two-factor", "/api/session/two-factor/confirm",
        "/api/session/two-factor/disable", "/api/users/{id}/invitation", "/api/users/{id}/activate", "/api/users/{id}/deactivate",
        "/api/users/{id}/unlock", "/api/users/{id}/two-factor", "/api/users/{id}/permissions", "/api/tokens/{id}/revoke", "/api/security",
        "/api/read-only", "/api/breach", "/api/ledger/verify", "/api/ledger/checkpoints", "/api/backups", "/api/scripts/{path...}/impact",
    ]
}

extension Tenant {
    /// Nil while it takes changes, as far as this process knows; `loadWritability` asks the database.
    package var readOnlyMark: ReadOnlyMark? { writability.mark }

    /// Whether `loadWritability` has to be called before `readOnlyMark` tells anything.
    package var isWritabilityUnknown: Bool { writability.isUnknown }

    /// Reads the mark unless it is known. Waits for the disk.
    package func loadWritability() throws {
        guard writability.isUnknown else { return }
        writability.fill(try store.read { db in try ReadOnly.find(db) })
    }

    /// In a transaction of this tenant.
    func isReadOnly(_ db: Connection) throws -> Bool {
        if writability.isUnknown { writability.fill(try ReadOnly.find(db)) }
        return writability.mark != nil
    }

    /// For work that goes on for longer than its request: right before it changes something.
    /// - Throws: 423 `tenant.read_only`.
    package func requireWritable() throws(Problem) {
        if let mark = writability.mark { throw mark.problem }
    }

    /// The database was replaced, or cannot be written to, and what held the former holds this one: `ReadOnly.carry` writes it down.
    package func carryReadOnly(_ mark: ReadOnlyMark?) { writability.set(mark) }
}

extension Call {
    /// - Throws: 423 `tenant.read_only` where the endpoint changes something and the tenant only reads.
    package func requireWritable() throws(Problem) {
        guard let tenant, let mark = tenant.writability.mark, !ReadOnly.lets(endpoint) else { return }
        throw mark.problem
    }
}
