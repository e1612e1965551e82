import Core
import Storage

/// Settings of a tenant, and of its branches and tills where they differ.
package enum Settings {
    package enum Scope: Sendable, Hashable {
        case tenant
        case branch(Int64)
        case till(Int64)

        /// As it is stored.
        package var text: String {
            switch self {
            case .tenant: "tenant"
            case .branch(let id): "branch:\(id)"
            case .till(let id): "till:\(id)"
            }
        }
    }

    private static let select = SQL("SELECT value FROM platform_settings WHERE scope = ?1 AND key = ?2")
    private static let upsert = SQL(
        """
        INSERT INTO platform_settings (scope, key, value, updated_at) VALUES (?1, ?2, ?3, ?4)
          ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
        """)
    private static let delete = SQL("DELETE FROM platform_settings WHERE scope = ?1 AND key = ?2")

    /// The value that was set in exactly this scope.
    package static func get(_ db: Connection, _ scope: Scope, _ key: String) throws -> Value? {
        try db.first(select, scope.text, key) { try JSON.parse($0.text(0)) }
    }

    /// The value that holds at a place: the till's, else the branch's, else the tenant's.
    package static func resolve(_ db: Connection, _ key: String, branch: Int64? = nil, till: Int64? = nil) throws -> Value? {
        if let till, let value = try get(db, .till(till), key) { return value }
        if let branch, let value = try get(db, .branch(branch), key) { return value }
        return try get(db, .tenant, key)
    }

    /// Sets a value, or takes it away with nil, so that the next wider scope's holds.
    package static func set(
        _ db: Connection, _ actor: ActingUser, _ scope: Scope, _ key: String, _ value: Value?
    ) throws {
        let before = try get(db, scope, key)
        guard before != value else { return }
        noteChange(db)
        if let value {
            try db.run(upsert, scope.text, key, String(decoding: JSON.serialize(value), as: UTF8.self), actor.at)
        } else {
            try db.run(delete, scope.text, key)
        }
        try Audit.append(
            db, actor, "setting.changed", object: ("setting", "\(scope.text)/\(key)"), before: before ?? .null,
            after: value ?? .null)
    }
}
