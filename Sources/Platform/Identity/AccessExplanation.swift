import Core
import Storage

/// Why a user may do something in a branch, or what is missing.
package struct AccessExplanation: Sendable {
    package let user: User
    package let permission: String
    package let isAllowed: Bool
    /// `role:manager`, `role:admin (*)`, `own grant`, `own grant (*)`; where the permission comes from.
    package let grantedBy: [String]
    package let isDenied: Bool
    package let branch: Branch?
    /// How the user belongs to the branch: `all branches`, `active member`, `inactive member`, `no member`, `inactive branch`;
    /// nil without a branch.
    package let membership: String?
    /// Sentences, one for each thing that stands in the way.
    package let missing: [String]

    private static let selectSources = SQL(
        """
        SELECT r.name, rp.permission FROM platform_user_roles ur JOIN platform_roles r ON r.id = ur.role_id
          JOIN platform_role_permissions rp ON rp.role_id = r.id
          WHERE ur.user_id = ?1 AND (rp.permission IN (?2, '*')
            OR rp.permission IN (SELECT permission FROM platform_permission_includes WHERE included = ?2))
          ORDER BY r.name, rp.permission
        """)
    private static let selectMembership = SQL(
        "SELECT status FROM platform_branch_members WHERE user_id = ?1 AND branch_id = ?2")

    package init(
        _ db: Connection, user: User, permission: String, branch: Branch?, catalogue: PermissionCatalogue
    ) throws {
        self.user = user
        self.permission = permission
        self.branch = branch
        let overrides = try Rights.overrides(of: user.id, db)
        let denied = Set(overrides.filter { !$0.isGranted }.map(\.permission))
        // The permission itself, or one that includes it.
        var found = try db.query(Self.selectSources, user.id, permission) { ("role:\($0.text(0))", $0.text(1)) }
        for override in overrides where override.isGranted {
            if try override.permission == "*" || PermissionIncludes.expand([override.permission], db).contains(permission) {
                found.append(("own grant", override.permission))
            }
        }
        let sources = found.filter { !denied.contains($0.1) }.map { $0.1 == permission ? $0.0 : "\($0.0) (\($0.1))" }
        isDenied = denied.contains(permission)
        grantedBy = sources

        var missing: [String] = []
        if !user.isActive { missing.append("The user is inactive.") }
        if !catalogue.contains(permission) { missing.append("No part of this business knows the permission \(permission).") }
        if isDenied {
            missing.append("The permission is denied to this user in person, whatever the roles grant.")
        } else if sources.isEmpty {
            missing.append("Neither a role nor a grant of the user's own gives \(permission).")
        }
        if let branch {
            let status = try db.text(Self.selectMembership, user.id, branch.id)
            if !branch.isActive {
                membership = "inactive branch"
                missing.append("The branch \(branch.code) is inactive.")
            } else if user.allBranches {
                membership = "all branches"
            } else if status == "active" {
                membership = "active member"
            } else {
                membership = status == nil ? "no member" : "inactive member"
                missing.append(
                    status == nil
                        ? "The user is not a member of the branch \(branch.code)."
                        : "The user's membership of the branch \(branch.code) is inactive.")
            }
        } else {
            membership = nil
        }
        self.missing = missing
        isAllowed = missing.isEmpty
    }

    package var value: Value {
        [
            "user": ["id": .int(user.id), "username": .string(user.username), "name": .string(user.name)],
            "permission": .string(permission), "allowed": .bool(isAllowed),
            "granted_by": .array(grantedBy.map { .string($0) }), "denied": .bool(isDenied),
            "branch": branch.map { ["id": .int($0.id), "code": .string($0.code), "name": .string($0.name)] } ?? .null,
            "membership": membership.map { .string($0) } ?? .null, "missing": .array(missing.map { .string($0) }),
        ]
    }
}

extension AccessExplanation {
    /// Everything that a user may do, or is denied, each with where it comes from: `*` for itself, then what is held by name.
    package static func all(_ db: Connection, user: User, catalogue: PermissionCatalogue) throws -> [Value] {
        let rights = try Rights.of(user.id, db)
        return try rights.allowed.union(rights.denied).sorted().map { permission in
            let one = try AccessExplanation(db, user: user, permission: permission, branch: nil, catalogue: catalogue)
            return ["permission": .string(permission), "granted_by": .array(one.grantedBy.map(Value.string)), "denied": .bool(one.isDenied)]
        }
    }
}
