import Core
import Storage

/// `/api/plugins`: what is installed, and putting a shipped plugin in.
package enum PluginEndpoints {
    package static let endpoints: [Endpoint] = [
        Endpoint(
            .get, "/api/plugins", access: .permission("scripts.view"), execution: .read,
            documentation: .init(
                "List the installed plugins", tag: "Plugins", replies: [.init(200, "In the order of their dependencies", .object([.init("items", .array(.object(members)), required: true)]))])
        ) { call in
            Reply(200, ["items": .array((call.revision?.plugins.packages ?? []).map(describe))])
        },
        Endpoint(
            .post, "/api/plugins", access: .permission("scripts.publish"), execution: .write,
            documentation: .init(
                "Install or upgrade a plugin that came with the program", tag: "Plugins",
                input: .object([.init("name", .string(minLength: 1, maxLength: 63), required: true, "Its folder's name.", example: "pos")]),
                replies: [.init(200, "Installed", .object(members))])
        ) { call in
            guard let tenant = call.tenant else { throw Problem(404, "tenant.not_found", "Plugins belong to a tenant.") }
            let name = call.body["name"]?.string ?? ""
            let shipped = Shipped(home: call.instance.homePath)
            let revision = try PluginInstallation(call.database, tenant: tenant, actor: call.actingUser, clock: call.instance.clock)
                .install(files: try shipped.plugin(name), shippedRules: try shipped.rules())
            try call.instance.reservedRoutes.check(revision.endpoints)
            call.afterCommit { tenant.revisionSlot.publish(revision) }
            guard let package = revision.plugins.package(name) else {
                throw Problem(422, "plugin.name", "The folder \(name) holds a plugin that calls itself otherwise.")
            }
            return Reply(200, describe(package))
        },
    ]

    private static let members: [Schema.Member] = [
        .init("name", .string(), required: true), .init("version", .string(), required: true),
        .init("title", .string(), required: true), .init("publisher", .string(), required: true),
        .init("hash", .string(), required: true, "SHA-256 of its files."),
    ]

    private static func describe(_ package: PluginPackage) -> Value {
        [
            "name": .string(package.name), "version": .string(package.manifest.version), "title": .string(package.manifest.title),
            "publisher": .string(package.manifest.publisher), "hash": .string(package.hash),
        ]
    }
}
