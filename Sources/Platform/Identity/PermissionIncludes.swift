import Core
import Storage

/// Permissions that stand for others of the same plugin: who holds `canManageStock` holds what it includes.
///
/// Kept beside the roles, so that who may what follows from the database alone. One level: what is included includes nothing.
enum PermissionIncludes {
    static let schema = """
        CREATE TABLE platform_permission_includes (
          permission TEXT NOT NULL,
          included   TEXT NOT NULL,
          plugin     TEXT NOT NULL,
          PRIMARY KEY (permission, included)
        ) STRICT, WITHOUT ROWID;
        """

    private static let select = SQL("SELECT permission, included FROM platform_permission_includes")
    private static let delete = SQL("DELETE FROM platform_permission_includes WHERE plugin = ?1")
    private static let insert = SQL("INSERT INTO platform_permission_includes (permission, included, plugin) VALUES (?1, ?2, ?3)")

    /// The permissions with all that they include.
    static func expand(_ permissions: Set<String>, _ db: Connection) throws -> Set<String> {
        var all = permissions
        try db.each(select) { row in
            if permissions.contains(row.text(0)) { all.insert(row.text(1)) }
            return true
        }
        return all
    }

    /// Puts what a plugin declares in the place of what it declared before; nothing for one that goes.
    static func declare(_ permissions: [Permission], of plugin: String, _ db: Connection) throws {
        try db.run(delete, plugin)
        for permission in permissions {
            for included in permission.includes { try db.run(insert, permission.name, included, plugin) }
        }
    }
}
