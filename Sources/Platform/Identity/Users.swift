import Core
import Storage

/// A person who can sign in at a tenant, or a program's account that only has tokens.
package struct User: Sendable, Equatable {
    package let id: Int64
    package let username: String
    package let name: String
    package let email: String?
    package let phone: String
    package let isActive: Bool
    package let allBranches: Bool
    package let mustChangePassword: Bool
    package let hasPassword: Bool
    package let hasTwoFactor: Bool
    package let lockedUntil: String?
    package let lastLoginAt: String?
    package let version: Int64
    package let createdAt: String
    package let updatedAt: String
    /// Names, sorted.
    package let roles: [String]
    /// The branches of which the user is an active member, by id.
    package let branchIDs: [Int64]

    package var value: Value {
        [
            "id": .int(id), "username": .string(username), "name": .string(name),
            "email": email.map { .string($0) } ?? .null, "phone": .string(phone),
            "status": isActive ? "active" : "inactive",
            "roles": .array(roles.map { .string($0) }), "all_branches": .bool(allBranches),
            "branch_ids": .array(branchIDs.map { .int($0) }), "must_change_password": .bool(mustChangePassword),
            "has_password": .bool(hasPassword), "two_factor": .bool(hasTwoFactor),
            "locked_until": lockedUntil.map { .string($0) } ?? .null,
            "last_login_at": lastLoginAt.map { .string($0) } ?? .null, "version": .int(version),
            "created_at": .string(createdAt), "updated_at": .string(updatedAt),
        ]
    }
}

/// What a new user needs.
package struct NewUser: Sendable {
    package var username: String
    package var name: String
    package var email: String?
    package var phone: String
    package var roles: [String]
    package var allBranches: Bool
    package var branchIDs: [Int64]
    /// Made by `Password.hash`, off the lane; nil for an invited user.
    package var passwordHash: String?
    package var mustChangePassword: Bool

    package init(
        username: String, name: String, email: String? = nil, phone: String = "", roles: [String] = [], allBranches: Bool = false,
        branchIDs: [Int64] = [], passwordHash: String? = nil, mustChangePassword: Bool = true
    ) {
        self.username = username
        self.name = name
        self.email = email
        self.phone = phone
        self.roles = roles
        self.allBranches = allBranches
        self.branchIDs = branchIDs
        self.passwordHash = passwordHash
        self.mustChangePassword = mustChangePassword
    }
}

/// The tenant's users. Whoever calls a writing function here announces it with `Tenant.identityWillChange()` first.
package enum Users {
    private static let columns = """
        u.id, u.username, u.name, u.email, u.status, u.all_branches, u.must_change_password, u.password_hash IS NOT NULL,
        u.totp_confirmed, u.locked_until, u.last_login_at, u.version, u.created_at, u.updated_at,
        u.phone
        """
    private static let select = SQL("SELECT \(columns) FROM platform_users u WHERE u.id = ?1")
    private static let selectByUsername = SQL("SELECT \(columns) FROM platform_users u WHERE u.username = ?1")
    private static let selectPage = SQL(
        """
        SELECT \(columns) FROM platform_users u WHERE u.id > ?1 AND (?2 IS NULL OR u.status = ?2)
          AND (?3 IS NULL OR EXISTS (SELECT 1 FROM platform_user_roles ur JOIN platform_roles r ON r.id = ur.role_id
            WHERE ur.user_id = u.id AND r.name = ?3))
          ORDER BY u.id LIMIT ?4
        """)
    private static let selectRoles = SQL(
        """
        SELECT r.name FROM platform_user_roles ur JOIN platform_roles r ON r.id = ur.role_id WHERE ur.user_id = ?1
          ORDER BY r.name
        """)
    private static let selectBranches = SQL(
        "SELECT branch_id FROM platform_branch_members WHERE user_id = ?1 AND status = 'active' ORDER BY branch_id")
    private static let insert = SQL(
        """
        INSERT INTO platform_users (username, name, email, password_hash, status, all_branches, must_change_password,
          created_at, updated_at, phone) VALUES (?1, ?2, ?3, ?4, 'active', ?5, ?6, ?7, ?7, ?8)
        """)
    private static let update = SQL(
        """
        UPDATE platform_users SET name = ?2, email = ?3, all_branches = ?4, phone = ?6, updated_at = ?5,
          version = version + 1 WHERE id = ?1
        """)
    private static let updateStatus = SQL(
        "UPDATE platform_users SET status = ?2, updated_at = ?3, version = version + 1 WHERE id = ?1")
    private static let unlock = SQL(
        """
        UPDATE platform_users SET failed_attempts = 0, locked_until = NULL, updated_at = ?2, version = version + 1
          WHERE id = ?1
        """)
    private static let takenUsername = SQL("SELECT id FROM platform_users WHERE username = ?1")
    private static let takenEmail = SQL("SELECT id FROM platform_users WHERE email = ?1")
    private static let insertRole = SQL("INSERT OR IGNORE INTO platform_user_roles (user_id, role_id) VALUES (?1, ?2)")
    private static let deleteRoles = SQL("DELETE FROM platform_user_roles WHERE user_id = ?1")
    private static let deactivateMemberships = SQL(
        "UPDATE platform_branch_members SET status = 'inactive' WHERE user_id = ?1")
    private static let upsertMembership = SQL(
        """
        INSERT INTO platform_branch_members (branch_id, user_id, status) VALUES (?1, ?2, 'active')
          ON CONFLICT (user_id, branch_id) DO UPDATE SET status = 'active'
        """)
    private static let countAdmins = SQL(
        """
        SELECT count(*) FROM platform_users u WHERE u.status = 'active' AND EXISTS (
          SELECT 1 FROM platform_user_roles ur JOIN platform_role_permissions rp ON rp.role_id = ur.role_id
            WHERE ur.user_id = u.id AND rp.permission = '*')
        """)
    private static let countUsers = SQL("SELECT count(*) FROM platform_users")

    /// - Throws: 404 `user.not_found`.
    package static func get(_ db: Connection, _ id: Int64) throws -> User {
        guard let user = try db.first(select, id, row: { try read($0, db) }) else {
            throw Problem(404, "user.not_found", "There is no user \(id).")
        }
        return user
    }

    package static func find(_ db: Connection, username: String) throws -> User? {
        try db.first(selectByUsername, username.lowercased(), row: { try read($0, db) })
    }

    /// Users by id, those after `after`.
    package static func list(
        _ db: Connection, after: Int64 = 0, isActive: Bool? = nil, role: String? = nil, limit: Int
    ) throws -> [User] {
        let status = isActive.map { $0 ? "active" : "inactive" }
        return try db.query(selectPage, after, status, role, Int64(limit), row: { try read($0, db) })
    }

    /// - Throws: 409 `user.username_taken`, `user.email_taken`; 422 `user.username_invalid`, `user.email_invalid`,
    ///   `role.not_found`, `branch.not_found`.
    package static func create(_ db: Connection, _ actor: ActingUser, _ new: NewUser) throws -> User {
        let username = new.username.lowercased()
        try check(username: username)
        let email = try normalized(email: new.email)
        try requireFree(db, username: username, email: email, except: 0)
        try db.run(
            insert, username, new.name, email, new.passwordHash, new.allBranches, new.mustChangePassword, actor.at,
            new.phone)
        let id = db.lastInsertRowID
        try setRoles(db, id, new.roles)
        try setBranches(db, id, new.branchIDs)
        let user = try get(db, id)
        try Audit.append(db, actor, "user.created", object: ("user", id), after: user.value)
        return user
    }

    /// Replaces what is given, keeps what is nil. `email`: `.some(nil)` takes it away.
    package static func change(
        _ db: Connection, _ actor: ActingUser, _ id: Int64, name: String? = nil, email: String?? = nil,
        phone: String? = nil, allBranches: Bool? = nil, branchIDs: [Int64]? = nil, roles: [String]? = nil
    ) throws -> User {
        let before = try get(db, id)
        let email: String? = if let email { try normalized(email: email) } else { before.email }
        try requireFree(db, username: nil, email: email, except: id)
        try db.run(update, id, name ?? before.name, email, allBranches ?? before.allBranches, actor.at, phone ?? before.phone)
        if let branchIDs { try setBranches(db, id, branchIDs) }
        if let roles {
            try setRoles(db, id, roles)
            try requireAnAdmin(db)
        }
        let after = try get(db, id)
        let changes = Audit.difference(before.value, after.value)
        try Audit.append(
            db, actor, roles == nil ? "user.changed" : "user.roles_changed", object: ("user", id),
            before: changes.before, after: changes.after)
        return after
    }

    /// Lets a user in or shuts them out. Shutting out ends every session; tokens rest until the user is active again.
    /// - Throws: 409 `user.last_admin`.
    package static func setActive(_ db: Connection, _ actor: ActingUser, _ id: Int64, _ isActive: Bool) throws -> User {
        let before = try get(db, id)
        guard before.isActive != isActive else { return before }
        try db.run(updateStatus, id, isActive ? "active" : "inactive", actor.at)
        if !isActive {
            try Sessions.endAll(db, userID: id)
            try requireAnAdmin(db)
        }
        let after = try get(db, id)
        try Audit.append(
            db, actor, isActive ? "user.activated" : "user.deactivated", object: ("user", id),
            before: ["status": before.isActive ? "active" : "inactive"],
            after: ["status": isActive ? "active" : "inactive"])
        return after
    }

    /// Ends a lockout before its time.
    package static func unlock(_ db: Connection, _ actor: ActingUser, _ id: Int64) throws -> User {
        let before = try get(db, id)
        try db.run(unlock, id, actor.at)
        try Audit.append(
            db, actor, "user.unlocked", object: ("user", id), before: ["locked_until": before.value["locked_until"] ?? .null],
            after: ["locked_until": .null])
        return try get(db, id)
    }

    /// A tenant is never left without an active user who may do everything; one without any user has nothing to lose.
    /// - Throws: 409 `user.last_admin`.
    static func requireAnAdmin(_ db: Connection) throws {
        guard try db.first(countUsers, row: { $0.int(0) }) ?? 0 > 0 else { return }
        guard try db.first(countAdmins, row: { $0.int(0) }) ?? 0 > 0 else {
            throw Problem(
                409, "user.last_admin", "This would leave the tenant without an active administrator; name another one first.")
        }
    }

    private static func setRoles(_ db: Connection, _ id: Int64, _ names: [String]) throws {
        try db.run(deleteRoles, id)
        for (place, name) in names.enumerated() {
            guard let role = try Roles.find(db, name: name) else {
                throw Problem(422, "role.not_found", "There is no role “\(name)”.", field: "roles[\(place)]")
            }
            try db.run(insertRole, id, role.id)
        }
    }

    private static func setBranches(_ db: Connection, _ id: Int64, _ branchIDs: [Int64]) throws {
        try db.run(deactivateMemberships, id)
        for (place, branch) in branchIDs.enumerated() {
            guard try Branches.exists(db, branch) else {
                throw Problem(422, "branch.not_found", "There is no branch \(branch).", field: "branch_ids[\(place)]")
            }
            try db.run(upsertMembership, branch, id)
        }
    }

    private static func read(_ row: Storage.Row, _ db: Connection) throws -> User {
        let id = row.int(0)
        return User(
            id: id, username: row.text(1), name: row.text(2), email: row.optionalText(3), phone: row.text(14),
            isActive: row.text(4) == "active",
            allBranches: row.bool(5), mustChangePassword: row.bool(6), hasPassword: row.bool(7), hasTwoFactor: row.bool(8),
            lockedUntil: row.optionalText(9), lastLoginAt: row.optionalText(10), version: row.int(11),
            createdAt: row.text(12), updatedAt: row.text(13),
            roles: try db.query(selectRoles, id, row: { $0.text(0) }),
            branchIDs: try db.query(selectBranches, id, row: { $0.int(0) }))
    }

    private static func check(username: String) throws {
        let isFine = (1...64).contains(username.utf8.count) && username.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2E || byte == 0x5F || byte == 0x2D
        }
        guard isFine else {
            throw Problem(
                422, "user.username_invalid", "A username is 1 to 64 letters, digits, dots, hyphens and underscores.",
                field: "username")
        }
    }

    private static func normalized(email: String?) throws -> String? {
        guard let email = email?.lowercased(), !email.isEmpty else { return nil }
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        let isFine = email.utf8.count <= 254 && parts.count == 2 && !parts[0].isEmpty && parts[1].contains(".")
            && email.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x2C && $0 != 0x3B && $0 != 0x3C && $0 != 0x3E }
        guard isFine else {
            throw Problem(422, "user.email_invalid", "“\(email.prefix(80))” is not an e-mail address.", field: "email")
        }
        return email
    }

    private static func requireFree(_ db: Connection, username: String?, email: String?, except id: Int64) throws {
        if let username, let other = try db.first(takenUsername, username, row: { $0.int(0) }), other != id {
            throw Problem(409, "user.username_taken", "There is a user \(username) already.", field: "username")
        }
        if let email, let other = try db.first(takenEmail, email, row: { $0.int(0) }), other != id {
            throw Problem(409, "user.email_taken", "Another user has the address \(email).", field: "email")
        }
    }
}
