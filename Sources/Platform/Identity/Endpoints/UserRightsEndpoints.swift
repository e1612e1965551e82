import Core
import Storage

/// What one user may do: roles, own grants and denials.
enum UserRightsEndpoints {
    static let all = [setRoles, show, setPermissions]

    private static let rights = Schema.object([
        .init("roles", .array(.string()), required: true),
        .init("granted", .array(.string()), required: true, "This person's own grants."),
        .init("denied", .array(.string()), required: true, "This person's own denials; they win over roles."),
        .init("effective", .array(.string()), required: true, "What it all comes to; “*” stands for everything else."),
    ])

    private static let setRoles = Endpoint(
        .put, "/api/users/{id}/roles", access: .permission("users.edit"), execution: .write,
        documentation: .init(
            "Set a user's roles", tag: "Users", pathParameters: [IdentitySchemas.id],
            input: .object([.init("roles", .array(.string(), maxItems: 50), required: true, example: ["cashier"])]),
            replies: [.init(200, "The user.", IdentitySchemas.user)])
    ) { call in
        let user = try UserEndpoints.covered(call)
        try call.requireMatch(version: user.version)
        try call.requireTenant().identityWillChange()
        let before = try Rights.of(user.id, call.database)
        let changed = try Users.change(call.database, call.actingUser, user.id, roles: call.body.strings("roles") ?? [])
        try call.principal.requireHolding(try Rights.of(user.id, call.database).gained(since: before))
        return UserEndpoints.reply(200, changed)
    }

    private static let show = Endpoint(
        .get, "/api/users/{id}/permissions", access: .permission("users.view"), execution: .read,
        documentation: .init(
            "Show what a user may do", tag: "Users", pathParameters: [IdentitySchemas.id],
            replies: [.init(200, "Roles, own grants and denials, and what they come to.", rights)])
    ) { call in Reply(200, try value(try Users.get(call.database, try call.id()), call.database)) }

    private static let setPermissions = Endpoint(
        .put, "/api/users/{id}/permissions", access: .permission("users.edit"), execution: .write,
        documentation: .init(
            "Set a user's own grants and denials", tag: "Users", pathParameters: [IdentitySchemas.id],
            input: .object([
                .init("granted", IdentitySchemas.permissions, required: true),
                .init("denied", IdentitySchemas.permissions, required: true),
            ]),
            replies: [.init(200, "What the user may do now.", rights)])
    ) { call in
        let user = try UserEndpoints.covered(call)
        try call.requireTenant().identityWillChange()
        let before = try Rights.of(user.id, call.database)
        let known = try Rights.overrides(of: user.id, call.database).map(\.permission)
        let granted = unique(call.body.strings("granted") ?? [])
        let denied = unique(call.body.strings("denied") ?? [])
        try call.requireKnown(granted, field: "granted", except: known)
        try call.requireKnown(denied, field: "denied", except: known)
        if let place = granted.firstIndex(of: PermissionCatalogue.everything) {
            throw Problem(
                422, "permission.not_grantable", "“*” belongs to roles; give the user a role that has it.",
                field: "granted[\(place)]")
        }
        if let place = denied.firstIndex(where: { granted.contains($0) || $0 == PermissionCatalogue.everything }) {
            throw Problem(
                422, "permission.contradiction",
                "“\(denied[place])” cannot be denied here: it is granted too, or stands for everything.",
                field: "denied[\(place)]")
        }
        try Rights.setOverrides(
            call.database, call.actingUser, userID: user.id,
            granted.map { .init(permission: $0, isGranted: true) } + denied.map { .init(permission: $0, isGranted: false) })
        try call.principal.requireHolding(try Rights.of(user.id, call.database).gained(since: before))
        return Reply(200, try value(user, call.database))
    }

    private static func value(_ user: User, _ db: Connection) throws -> Value {
        let rights = try Rights.of(user.id, db)
        let overrides = try Rights.overrides(of: user.id, db)
        return [
            "roles": .array(rights.roles.map { .string($0) }),
            "granted": .array(overrides.filter(\.isGranted).map { .string($0.permission) }),
            "denied": .array(overrides.filter { !$0.isGranted }.map { .string($0.permission) }),
            "effective": .array(rights.allowed.sorted().map { .string($0) }),
        ]
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
