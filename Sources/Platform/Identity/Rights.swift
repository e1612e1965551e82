import Core
import Storage

/// What a user may do, put together from roles, own grants and own denials.
package struct Rights: Sendable, Equatable {
    package let roles: [String]
    package let allowed: Set<String>
    /// Own denials: they win over roles and over `*`.
    package let denied: Set<String>
    /// nil: every branch.
    package let branchIDs: Set<Int64>?

    /// One permission of one person, apart from roles.
    package struct Override: Sendable, Equatable {
        package let permission: String
        package let isGranted: Bool
    }

    private static let selectRoles = SQL(
        """
        SELECT r.name FROM platform_user_roles ur JOIN platform_roles r ON r.id = ur.role_id WHERE ur.user_id = ?1
          ORDER BY r.name
        """)
    private static let selectFromRoles = SQL(
        """
        SELECT DISTINCT rp.permission FROM platform_user_roles ur
          JOIN platform_role_permissions rp ON rp.role_id = ur.role_id WHERE ur.user_id = ?1
        """)
    private static let selectOverrides = SQL(
        "SELECT permission, granted FROM platform_user_permissions WHERE user_id = ?1 ORDER BY permission")
    private static let selectBranches = SQL(
        """
        SELECT m.branch_id FROM platform_branch_members m JOIN platform_branches b ON b.id = m.branch_id
          WHERE m.user_id = ?1 AND m.status = 'active' AND b.status = 'active'
        """)
    private static let selectAllBranches = SQL("SELECT all_branches FROM platform_users WHERE id = ?1")
    private static let deleteOverrides = SQL("DELETE FROM platform_user_permissions WHERE user_id = ?1")
    private static let insertOverride = SQL(
        "INSERT INTO platform_user_permissions (user_id, permission, granted) VALUES (?1, ?2, ?3)")

    package static func of(_ userID: Int64, _ db: Connection) throws -> Rights {
        var allowed = Set(try db.query(selectFromRoles, userID, row: { $0.text(0) }))
        var denied: Set<String> = []
        for override in try overrides(of: userID, db) {
            if override.isGranted {
                allowed.insert(override.permission)
            } else {
                denied.insert(override.permission)
            }
        }
        // A denied one brings nothing, and what is denied itself is not brought by another.
        allowed = try PermissionIncludes.expand(allowed.subtracting(denied), db).subtracting(denied)
        let all = try db.first(selectAllBranches, userID, row: { $0.bool(0) }) ?? false
        return Rights(
            roles: try db.query(selectRoles, userID, row: { $0.text(0) }), allowed: allowed, denied: denied,
            branchIDs: all ? nil : Set(try db.query(selectBranches, userID, row: { $0.int(0) })))
    }

    package static func overrides(of userID: Int64, _ db: Connection) throws -> [Override] {
        try db.query(selectOverrides, userID, row: { Override(permission: $0.text(0), isGranted: $0.bool(1)) })
    }

    /// Replaces a person's own grants and denials.
    /// - Throws: 404 `user.not_found`.
    package static func setOverrides(
        _ db: Connection, _ actor: ActingUser, userID: Int64, _ overrides: [Override]
    ) throws {
        _ = try Users.get(db, userID)
        let before = try Rights.overrides(of: userID, db)
        try db.run(deleteOverrides, userID)
        for override in overrides { try db.run(insertOverride, userID, override.permission, override.isGranted) }
        try Audit.append(
            db, actor, "user.permissions_changed", object: ("user", userID), before: value(of: before),
            after: value(of: overrides))
    }

    package static func value(of overrides: [Override]) -> Value {
        [
            "granted": .array(overrides.filter(\.isGranted).map { .string($0.permission) }),
            "denied": .array(overrides.filter { !$0.isGranted }.map { .string($0.permission) }),
        ]
    }

    /// What these rights allow that `before` did not, denials that are gone among it. Sorted.
    package func gained(since before: Rights) -> [String] {
        allowed.subtracting(before.allowed).union(before.denied.subtracting(denied)).sorted()
    }
}

extension Principal {
    /// Nobody lets others into branches of which they are no member themselves.
    /// - Throws: 403 `auth.exceeds_own_rights`.
    package func requireMembership(all: Bool, of branches: [Int64]) throws(Problem) {
        guard let own = branchIDs else { return }
        guard !all, branches.allSatisfy({ own.contains($0) }) else {
            throw Problem(
                403, "auth.exceeds_own_rights", "You cannot let anybody into branches of which you are no member.",
                field: all ? "all_branches" : "branch_ids")
        }
    }

    /// - Throws: 403 `auth.exceeds_own_rights` unless this principal holds every one of the permissions.
    package func requireHolding(_ permissions: some Sequence<String>) throws(Problem) {
        for permission in permissions where !may(permission) {
            throw Problem(
                403, "auth.exceeds_own_rights",
                permission == PermissionCatalogue.everything
                    ? "Only somebody who may do everything may do this to somebody who may."
                    : "You do not hold \(permission) yourself, so you cannot give, take or use it for others.",
                extra: [("permission", .string(permission))])
        }
    }
}
