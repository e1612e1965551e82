import Core
import Storage

/// The kernel's endpoints about people, roles, branches, credentials and the audit trail.
package enum IdentityEndpoints {
    package static let all: [Endpoint] =
        SessionEndpoints.all + PasswordEndpoints.all + TwoFactorEndpoints.all + UserEndpoints.all + UserRightsEndpoints.all
        + RoleEndpoints.all + TokenEndpoints.all + BranchEndpoints.all + TillEndpoints.all + AuditEndpoints.all
        + AccessEndpoints.all + SecurityEndpoints.all
}

extension Call {
    /// The tenant of an endpoint that only tenants have.
    /// - Throws: 404 `tenant.not_found`.
    func requireTenant() throws(Problem) -> Tenant {
        guard let tenant else { throw TenantDirectory.notFound }
        return tenant
    }

    /// Every permission that there is for this tenant now.
    var catalogue: PermissionCatalogue { PermissionCatalogue(plugins: revision?.permissions ?? []) }

    /// The row of the session that makes the call.
    /// - Throws: 403 `auth.session_required` for a token: what belongs to a person is done by the person.
    func requireSession() throws(Problem) -> Int64 {
        guard case .session(let id) = principal.credential else {
            throw Problem(403, "auth.session_required", "Sign in for this: a token cannot do it.")
        }
        return id
    }

    /// - Throws: 422 `permission.unknown`.
    func requireKnown(_ permissions: [String], field: String, except kept: [String] = []) throws(Problem) {
        let catalogue = catalogue
        for (place, permission) in permissions.enumerated()
        where permission != PermissionCatalogue.everything && !kept.contains(permission) && !catalogue.contains(permission) {
            throw Problem(
                422, "permission.unknown", "There is no permission “\(permission.prefix(80))”; GET /api/permissions lists them.",
                field: "\(field)[\(place)]")
        }
    }

    /// Nobody changes somebody who may do more than they may themselves.
    /// - Throws: 403 `auth.exceeds_own_rights`.
    func requireCovering(_ userID: Int64, _ db: Connection) throws {
        guard userID != principal.userID else { return }
        try principal.requireHolding(try Rights.of(userID, db).allowed.sorted())
    }
}

extension Value {
    /// The strings of an array that a schema has checked.
    func strings(_ key: String) -> [String]? { self[key]?.array?.compactMap(\.string) }
    func integers(_ key: String) -> [Int64]? { self[key]?.array?.compactMap(\.int) }
}

/// Shapes that several files use.
enum IdentitySchemas {
    static let name = Schema.string(minLength: 1, maxLength: 200)
    static let permissions = Schema.array(.string(minLength: 1, maxLength: 80), maxItems: 1_000)
    static let status = Schema.string(allowed: ["active", "inactive"])

    static let user = Schema.object(userMembers)

    /// What the answer to making one has beside it.
    static let newUser = Schema.object(
        userMembers + [.init("invitation", link)])

    private static let userMembers: [Schema.Member] = [
        .init("id", .integer(minimum: 1), required: true),
        .init("username", .string(), required: true, example: "akosua"),
        .init("name", .string(), required: true, example: "Akosua Mensah"),
        .init("email", .nullable(.string()), required: true),
        .init("phone", .string(), required: true),
        .init("status", status, required: true),
        .init("roles", .array(.string()), required: true, example: ["cashier"]),
        .init("all_branches", .boolean, required: true, "Every branch, also those to come."),
        .init("branch_ids", .array(.integer()), required: true, "The branches of which the user is an active member."),
        .init("must_change_password", .boolean, required: true),
        .init("has_password", .boolean, required: true),
        .init("two_factor", .boolean, required: true),
        .init("locked_until", .nullable(.instant), required: true),
        .init("last_login_at", .nullable(.instant), required: true),
        .init("version", .integer(), required: true, "What If-Match compares with."),
        .init("created_at", .instant, required: true),
        .init("updated_at", .instant, required: true),
    ]

    static let link = Schema.object([
        .init("link", .string(), required: true, "Works once."),
        .init("expires_at", .instant, required: true),
    ])

    static let id = Endpoint.Documentation.Parameter("id", .integer(minimum: 1), "The row's id.")
}
