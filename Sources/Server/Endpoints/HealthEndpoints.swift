import Core
import Platform

/// Whether it is well: in a word for anybody, in detail for those who may know.
enum HealthEndpoints {
    /// - Parameter application: the one that serves them, there by the time anybody calls.
    static func make(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        [simple, detailed(access: .permission("metrics.view"), application)]
    }

    /// The operator's: the same, of the installation.
    static func `operator`(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        [simple, detailed(access: .operator, application)]
    }

    private static let plain = Schema.object([
        .init("status", .string(allowed: ["ok", "unavailable"]), required: true),
        .init("tenant_id", .integer()), .init("name", .string()), .init("database", .string()),
    ])

    private static let parts = Schema.object([
        .init("status", .string(allowed: ["ok", "degraded", "unavailable"]), required: true),
        .init("version", .string(), required: true), .init("started_at", .instant, required: true),
        .init("uptime_seconds", .integer(), required: true),
        .init("tenant_id", .integer(), "Of a tenant; the next two, too."), .init("name", .string()),
        .init("database", .string()),
        .init("tenants", .integer(), "Of the installation; the next one, too."),
        .init("resident_bytes", .integer()),
        .init(
            "connections", .map(.integer()),
            "Of the installation: open connections, in total and by what they do: idle between requests, reading, working, sending, streaming."),
        .init("waiting", .map(.integer()), "Of the installation: requests that wait, by what for: a lane, a thread that reads, works or exports."),
        .init("components", .array(.map(.any)), required: true),
    ])

    private static let simple = Endpoint(
        .get, "/api/health", access: .anyone, execution: .inline, rateClass: .unlimited,
        documentation: .init(
            "Say whether it is well", tag: "Health",
            replies: [
                .init(200, "It is. Who is signed in also sees which tenant this is.", plain),
                .init(503, "The database takes no changes at the moment.", plain),
            ])
    ) { call in
        let store = call.tenant?.store ?? call.instance.system.store
        let isWell = store.failure == nil
        var object: Object = ["status": .string(isWell ? "ok" : "unavailable")]
        if call.principal.kind != .anonymous, let tenant = call.tenant {
            object["tenant_id"] = .int(tenant.id)
            object["name"] = .string(tenant.name)
            object["database"] = .string("tenants/\(tenant.id)/tenant.db")
        }
        return Reply(isWell ? 200 : 503, .object(object))
    }

    static func detailed(access: Endpoint.Access, _ application: @escaping @Sendable () -> Application) -> Endpoint {
        Endpoint(
            .get, "/api/health/detailed", access: access, execution: .worker, rateClass: .unlimited,
            documentation: .init(
                "Show the state of every part", tag: "Health",
                replies: [
                    .init(200, "It works, perhaps with a part that is degraded.", parts),
                    .init(503, "A part that it cannot do without is down.", parts),
                ])
        ) { call in
            let health = application().detailedHealth(of: call.tenant, now: call.now)
            return Reply(health.isUp ? 200 : 503, health.value)
        }
    }
}
