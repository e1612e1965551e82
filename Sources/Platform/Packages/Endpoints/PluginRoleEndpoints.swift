import Core

/// `/api/plugins/{name}/roles`: what a plugin would have roles be allowed. It offers; an administrator decides.
enum PluginRoleEndpoints {
    static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/api/plugins/{name}/roles", access: .permission("users.view"), execution: .read,
            documentation: .init(
                "List the permissions that a plugin offers to roles, and which of them the roles hold", tag: "Plugins", pathParameters: [name],
                replies: [.init(200, "By role", .object([.init("items", .array(.object(members), maxItems: 10_000), required: true)]))])
        ) { call in
            let items = try package(call).manifest.roles.map { try describe($0.name, $0.permissions, call) }
            return Reply(200, ["items": .array(items)])
        },
        Endpoint(
            .post, "/api/plugins/{name}/roles", access: .permission("roles.edit"), execution: .write,
            documentation: .init(
                "Give roles the permissions that a plugin offers them", tag: "Plugins", pathParameters: [name],
                input: .object([.init("roles", .array(.string(), minItems: 1, maxItems: 100), "Their names; all that it offers something if left out.")]),
                replies: [.init(200, "By role", .object([.init("items", .array(.object(members), maxItems: 10_000), required: true)]))])
        ) { call in
            let package = try package(call)
            var roles = package.manifest.roles
            if let wanted = call.body.strings("roles") {
                if let other = wanted.first(where: { name in !roles.contains { $0.name == name } }) {
                    throw Problem(422, "request.invalid", "\(package.name) offers nothing to a role “\(other)”.", field: "roles")
                }
                roles = roles.filter { wanted.contains($0.name) }
            }
            try call.principal.requireHolding(roles.flatMap(\.permissions))
            try call.requireTenant().identityWillChange()
            try Roles.offer(call.database, call.actingUser, plugin: package.name, roles: roles, again: true)
            return Reply(200, ["items": .array(try roles.map { try describe($0.name, $0.permissions, call) })])
        },
    ]

    private static let name = Endpoint.Documentation.Parameter("name", .string(minLength: 1, maxLength: 63), "The plugin's name.")

    private static let members: [Schema.Member] = [
        .init("role", .string(), required: true), .init("exists", .boolean, required: true, "Whether there is such a role; granting makes it."),
        .init("offered", .array(.string()), required: true), .init("held", .array(.string()), required: true, "Those of them that the role holds."),
    ]

    private static func package(_ call: Call) throws -> PluginPackage {
        let name = call.parameters["name"] ?? ""
        guard let package = call.revision?.plugins.package(name) else {
            throw Problem(404, "plugin.not_installed", "The plugin \(name) is not installed.")
        }
        return package
    }

    private static func describe(_ name: String, _ permissions: [String], _ call: Call) throws -> Value {
        let role = try Roles.find(call.database, name: name)
        let held = permissions.filter { role?.permissions.contains($0) == true || role?.permissions.contains(PermissionCatalogue.everything) == true }
        return [
            "role": .string(name), "exists": .bool(role != nil), "offered": .array(permissions.map(Value.string)),
            "held": .array(held.map(Value.string)),
        ]
    }
}
