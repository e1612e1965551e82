import Core
import Storage

/// A named bundle of permissions.
package struct Role: Sendable, Equatable {
    package let id: Int64
    package let name: String
    package let title: String
    /// Sorted.
    package let permissions: [String]
    package let version: Int64
    package let createdAt: String
    package let updatedAt: String

    package var value: Value {
        [
            "id": .int(id), "name": .string(name), "title": .string(title),
            "permissions": .array(permissions.map { .string($0) }), "version": .int(version),
            "created_at": .string(createdAt), "updated_at": .string(updatedAt),
        ]
    }
}

/// The tenant's roles.
package enum Roles {
    private static let columns = "id, name, title, version, created_at, updated_at"
    private static let select = SQL("SELECT \(columns) FROM platform_roles WHERE id = ?1")
    private static let selectByName = SQL("SELECT \(columns) FROM platform_roles WHERE name = ?1")
    private static let selectPage = SQL("SELECT \(columns) FROM platform_roles WHERE id > ?1 ORDER BY id LIMIT ?2")
    private static let selectPermissions = SQL(
        "SELECT permission FROM platform_role_permissions WHERE role_id = ?1 ORDER BY permission")
    private static let insert = SQL(
        "INSERT INTO platform_roles (name, title, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)")
    private static let update = SQL(
        "UPDATE platform_roles SET name = ?2, title = ?3, updated_at = ?4, version = version + 1 WHERE id = ?1")
    private static let delete = SQL("DELETE FROM platform_roles WHERE id = ?1")
    private static let countHolders = SQL("SELECT count(*) FROM platform_user_roles WHERE role_id = ?1")
    private static let insertPermission = SQL(
        "INSERT OR IGNORE INTO platform_role_permissions (role_id, permission) VALUES (?1, ?2)")
    private static let deletePermission = SQL(
        "DELETE FROM platform_role_permissions WHERE role_id = ?1 AND permission = ?2")
    private static let insertOffer = SQL(
        "INSERT OR IGNORE INTO platform_role_offers (plugin, role, permission) VALUES (?1, ?2, ?3)")

    /// - Throws: 404 `role.not_found`.
    package static func get(_ db: Connection, _ id: Int64) throws -> Role {
        guard let role = try db.first(select, id, row: { try read($0, db) }) else {
            throw Problem(404, "role.not_found", "There is no role \(id).")
        }
        return role
    }

    package static func find(_ db: Connection, name: String) throws -> Role? {
        try db.first(selectByName, name, row: { try read($0, db) })
    }

    package static func list(_ db: Connection, after: Int64 = 0, limit: Int) throws -> [Role] {
        try db.query(selectPage, after, Int64(limit), row: { try read($0, db) })
    }

    /// - Throws: 409 `role.name_taken`, 422 `role.name_invalid`.
    package static func create(
        _ db: Connection, _ actor: ActingUser, name: String, title: String, permissions: [String]
    ) throws -> Role {
        try check(name: name)
        try requireFree(db, name: name, except: 0)
        try db.run(insert, name, title, actor.at)
        let id = db.lastInsertRowID
        for permission in permissions { try db.run(insertPermission, id, permission) }
        let role = try get(db, id)
        try Audit.append(db, actor, "role.created", object: ("role", id), after: role.value)
        return role
    }

    /// Replaces what is given, keeps what is nil.
    /// - Throws: 404 `role.not_found`, 409 `role.name_taken`, 409 `user.last_admin`.
    package static func change(
        _ db: Connection, _ actor: ActingUser, _ id: Int64, name: String? = nil, title: String? = nil,
        permissions: [String]? = nil
    ) throws -> Role {
        let before = try get(db, id)
        if let name {
            try check(name: name)
            try requireFree(db, name: name, except: id)
        }
        try db.run(update, id, name ?? before.name, title ?? before.title, actor.at)
        if let permissions {
            for old in before.permissions where !permissions.contains(old) { try db.run(deletePermission, id, old) }
            for new in permissions where !before.permissions.contains(new) { try db.run(insertPermission, id, new) }
            try Users.requireAnAdmin(db)
        }
        let after = try get(db, id)
        let changes = Audit.difference(before.value, after.value)
        try Audit.append(
            db, actor, permissions == nil ? "role.changed" : "role.permissions_changed", object: ("role", id),
            before: changes.before, after: changes.after)
        return after
    }

    /// - Throws: 404 `role.not_found`, 409 `role.in_use` while users hold it.
    package static func delete(_ db: Connection, _ actor: ActingUser, _ id: Int64) throws {
        let role = try get(db, id)
        let holders = try db.first(countHolders, id, row: { $0.int(0) }) ?? 0
        guard holders == 0 else {
            throw Problem(
                409, "role.in_use", "\(holders) user\(holders == 1 ? " holds" : "s hold") the role \(role.name); take it from them first.")
        }
        try db.run(delete, id)
        try Audit.append(db, actor, "role.deleted", object: ("role", id), before: role.value)
    }

    /// Gives roles the permissions that a plugin's manifest offers them, making roles that are missing.
    ///
    /// What was offered before is not offered again, so that a permission that an admin took away stays away. A role that
    /// holds `*` needs nothing.
    /// - Parameter again: an admin asks for it, so what was taken away is given, too.
    package static func offer(
        _ db: Connection, _ actor: ActingUser, plugin: String, roles: [(name: String, permissions: [String])], again: Bool = false
    ) throws {
        for (name, permissions) in roles {
            var new: [String] = []
            for permission in permissions {
                try db.run(insertOffer, plugin, name, permission)
                if again || db.changes > 0 { new.append(permission) }
            }
            guard let role = try find(db, name: name) else {
                _ = try create(db, actor, name: name, title: title(of: name), permissions: permissions)
                continue
            }
            let added = new.filter { !role.permissions.contains($0) }
            if added.isEmpty || role.permissions.contains(PermissionCatalogue.everything) { continue }
            _ = try change(db, actor, role.id, permissions: role.permissions + added)
        }
    }

    /// The ready-made roles of a new tenant.
    static func seed(_ db: Connection, at: Instant) throws {
        for role in ReadyMadeRole.all {
            _ = try create(
                db, .service(at: at), name: role.name, title: role.title, permissions: role.permissions)
        }
    }

    private static func title(of name: String) -> String {
        let words = name.split(separator: "_").joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    private static func read(_ row: Storage.Row, _ db: Connection) throws -> Role {
        let id = row.int(0)
        return Role(
            id: id, name: row.text(1), title: row.text(2),
            permissions: try db.query(selectPermissions, id, row: { $0.text(0) }), version: row.int(3),
            createdAt: row.text(4), updatedAt: row.text(5))
    }

    private static func check(name: String) throws {
        guard (1...64).contains(name.utf8.count),
            name.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F })
        else {
            throw Problem(
                422, "role.name_invalid", "A role's name is 1 to 64 lower-case letters, digits and underscores.",
                field: "name")
        }
    }

    private static func requireFree(_ db: Connection, name: String, except id: Int64) throws {
        if let other = try find(db, name: name), other.id != id {
            throw Problem(409, "role.name_taken", "There is a role \(name) already.", field: "name")
        }
    }
}
