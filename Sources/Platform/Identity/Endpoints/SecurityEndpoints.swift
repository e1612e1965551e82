import Core
import Storage

/// From where administrators may come.
enum SecurityEndpoints {
    static let all = [show, set]

    private static let security = Schema.object([
        .init(
            "admin_addresses", .array(.string(maxLength: 60), maxItems: 100), required: true,
            "Addresses and ranges; empty for everywhere.", example: ["192.0.2.0/24"])
    ])

    private static let show = Endpoint(
        .get, "/api/security", access: .permission("settings.view"), execution: .read,
        documentation: .init("Show from where administrators may come", tag: "Security", replies: [.init(200, "The list.", security)])
    ) { call in Reply(200, try value(call.database)) }

    private static let set = Endpoint(
        .put, "/api/security", access: .permission("settings.edit"), execution: .write,
        documentation: .init(
            "Set from where administrators may come", tag: "Security", input: security,
            replies: [.init(200, "The list, which binds at once.", security)])
    ) { call in
        try call.requireTenant().identityWillChange()
        try AdministrationAddresses.set(call.database, call.actingUser, call.body.strings("admin_addresses") ?? [])
        return Reply(200, try value(call.database))
    }

    private static func value(_ db: Connection) throws -> Value {
        ["admin_addresses": .array(try AdministrationAddresses.list(db).map { .string($0.description) })]
    }
}
