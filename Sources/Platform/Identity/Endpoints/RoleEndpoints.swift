import Core
import Storage

/// Roles, and the catalogue of permissions that they are made of.
enum RoleEndpoints {
    static let all = [list, get, create, change, delete, catalogue]

    private static let role = Schema.object([
        .init("id", .integer(minimum: 1), required: true),
        .init("name", .string(), required: true, example: "store_manager"),
        .init("title", .string(), required: true, example: "Store manager"),
        .init("permissions", .array(.string()), required: true, "“*” stands for all.", example: ["ledger.view"]),
        .init("version", .integer(), required: true),
        .init("created_at", .instant, required: true),
        .init("updated_at", .instant, required: true),
    ])

    private static let list = Endpoint(
        .get, "/api/roles", access: .permission("users.view"), execution: .read,
        documentation: .init(
            "List roles", tag: "Roles", query: Page.parameters, replies: [.init(200, "By id.", Page.schema(of: role))])
    ) { call in
        let page = try Page(call)
        let roles = try Roles.list(call.database, after: try page.id(), limit: page.fetchLimit)
        return page.reply(roles, key: { [.int($0.id)] }, item: \.value)
    }

    private static let get = Endpoint(
        .get, "/api/roles/{id}", access: .permission("users.view"), execution: .read,
        documentation: .init(
            "Show a role", tag: "Roles", pathParameters: [IdentitySchemas.id], replies: [.init(200, "The role.", role)])
    ) { call in reply(200, try Roles.get(call.database, try call.id())) }

    private static let create = Endpoint(
        .post, "/api/roles", access: .permission("roles.edit"), execution: .write,
        documentation: .init(
            "Add a role", tag: "Roles",
            input: .object([
                .init("name", .string(minLength: 1, maxLength: 64), required: true, example: "store_manager"),
                .init("title", IdentitySchemas.name),
                .init("permissions", IdentitySchemas.permissions, example: ["ledger.view"]),
            ]),
            replies: [.init(201, "The role.", role)])
    ) { call in
        let permissions = call.body.strings("permissions") ?? []
        try call.requireKnown(permissions, field: "permissions")
        try call.principal.requireHolding(permissions)
        let name = call.body["name"]?.string ?? ""
        let made = try Roles.create(
            call.database, call.actingUser, name: name, title: call.body["title"]?.string ?? name, permissions: permissions)
        var reply = reply(201, made)
        reply.headers.append(("Location", "/api/roles/\(made.id)"))
        return reply
    }

    private static let change = Endpoint(
        .patch, "/api/roles/{id}", access: .permission("roles.edit"), execution: .write,
        documentation: .init(
            "Change a role; all who hold it feel it with their next request", tag: "Roles",
            pathParameters: [IdentitySchemas.id],
            input: .object([
                .init("name", .string(minLength: 1, maxLength: 64)), .init("title", IdentitySchemas.name),
                .init("permissions", IdentitySchemas.permissions),
            ]),
            replies: [.init(200, "The role.", role)])
    ) { call in
        let role = try Roles.get(call.database, try call.id())
        try call.requireMatch(version: role.version)
        try call.requireTenant().identityWillChange()
        // Neither what is taken from others nor what is given to them may exceed one's own.
        try call.principal.requireHolding(role.permissions)
        let permissions = call.body.strings("permissions")
        if let permissions {
            try call.requireKnown(permissions, field: "permissions", except: role.permissions)
            try call.principal.requireHolding(permissions)
        }
        return reply(
            200,
            try Roles.change(
                call.database, call.actingUser, role.id, name: call.body["name"]?.string,
                title: call.body["title"]?.string, permissions: permissions))
    }

    private static let delete = Endpoint(
        .delete, "/api/roles/{id}", access: .permission("roles.edit"), execution: .write,
        documentation: .init(
            "Remove a role that nobody holds", tag: "Roles", pathParameters: [IdentitySchemas.id],
            replies: [.init(204, "It is gone.")])
    ) { call in
        try Roles.delete(call.database, call.actingUser, try call.id())
        return .noContent
    }

    private static let catalogue = Endpoint(
        .get, "/api/permissions", access: .permission("users.view"), execution: .read,
        documentation: .init(
            "List all permissions that there are, the kernel's and the plugins'", tag: "Roles",
            replies: [
                .init(
                    200, "The catalogue, whole.",
                    Page.schema(
                        of: .object([
                            .init("name", .string(), required: true), .init("title", .string(), required: true),
                            .init("origin", .string(), required: true, "“kernel”, or the plugin's name."),
                            .init("includes", .array(.string()), required: true, "What who holds it may do as well."),
                        ])))
            ])
    ) { call in
        let items = call.catalogue.permissions.map { permission -> Value in
            [
                "name": .string(permission.name), "title": .string(permission.title), "origin": .string(permission.origin),
                "includes": .array(permission.includes.map(Value.string)),
            ]
        }
        return Reply(200, ["items": .array(items), "next_cursor": .null])
    }

    private static func reply(_ status: Int, _ role: Role) -> Reply {
        Reply(status, role.value, headers: [EntityTag.header(role.version)])
    }
}
