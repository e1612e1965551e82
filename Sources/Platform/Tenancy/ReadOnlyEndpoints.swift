import Core
import Storage

/// `/api/read-only` and `/api/breach`: stopping all changes of a business, and putting everybody out of it.
package enum ReadOnlyEndpoints {
    /// A tenant's own.
    package static let tenant: [Endpoint] = [
        Endpoint(
            .get, "/api/read-only", access: .signedIn, execution: .worker,
            documentation: .init("Say whether this business only reads, and why", tag: "Security", replies: [.init(200, "How it is.", schema)])
        ) { call in Reply(200, try state(try call.requireTenant())) },
        Endpoint(
            .put, "/api/read-only", access: .permission("tenant.freeze"), execution: .worker,
            documentation: .init(
                "Stop all changes of this business: they answer 423 tenant.read_only, jobs and messages wait, reading goes on", tag: "Security",
                input: input, replies: [.init(200, "It only reads.", schema)])
        ) { call in try freeze(try call.requireTenant(), call) },
        Endpoint(
            .delete, "/api/read-only", access: .permission("tenant.freeze"), execution: .worker,
            documentation: .init("Let changes go on", tag: "Security", input: input, replies: [.init(200, "It takes changes.", schema)])
        ) { call in try thaw(try call.requireTenant(), call) },
        Endpoint(
            .post, "/api/breach", access: .permission("tenant.freeze"), execution: .worker,
            documentation: .init(
                "End every session, token and link, your own too, have everybody choose another password, and stop all changes",
                tag: "Security", input: input, replies: [.init(200, "What was ended.", breachSchema)])
        ) { call in try breach(try call.requireTenant(), call) },
    ]

    /// The operator's, of any tenant.
    package static let `operator`: [Endpoint] = [
        Endpoint(
            .get, "/api/tenants/{id}/read-only", access: .operator, execution: .worker, rateClass: .unlimited,
            documentation: .init("Say whether a tenant only reads, and why", tag: "Tenants", replies: [.init(200, "How it is.", schema)])
        ) { call in Reply(200, try state(try named(call))) },
        Endpoint(
            .put, "/api/tenants/{id}/read-only", access: .operator, execution: .worker, rateClass: .unlimited,
            documentation: .init(
                "Stop all changes of a tenant: they answer 423 tenant.read_only, jobs and messages wait, reading goes on", tag: "Tenants",
                input: input, replies: [.init(200, "It only reads.", schema)])
        ) { call in try freeze(try named(call), call) },
        Endpoint(
            .delete, "/api/tenants/{id}/read-only", access: .operator, execution: .worker, rateClass: .unlimited,
            documentation: .init("Let a tenant's changes go on", tag: "Tenants", input: input, replies: [.init(200, "It takes changes.", schema)])
        ) { call in try thaw(try named(call), call) },
        Endpoint(
            .post, "/api/tenants/{id}/breach", access: .operator, execution: .worker, rateClass: .unlimited,
            documentation: .init(
                "End every session, token and link of a tenant, have everybody choose another password, and stop all changes", tag: "Tenants",
                input: input, replies: [.init(200, "What was ended.", breachSchema)])
        ) { call in try breach(try named(call), call) },
    ]

    private static let input: Schema = .object([
        .init("reason", .string(minLength: 1, maxLength: 1_000), required: true, "For the audit trail; a freeze shows it to everybody.", example: "A till was stolen")
    ])

    private static let members: [Schema.Member] = [
        .init("read_only", .boolean, required: true),
        .init("cause", .string(allowed: ReadOnlyMark.Cause.allCases.map(\.rawValue))), .init("since", .instant),
        .init("by", .string(), "Who stopped the changes.", example: "admin"), .init("reason", .string(), example: "A till was stolen"),
    ]

    private static let schema: Schema = .object(members)

    private static let breachSchema: Schema = .object(
        members + [
            .init("sessions_ended", .integer(minimum: 0), required: true), .init("tokens_revoked", .integer(minimum: 0), required: true),
            .init("links_cancelled", .integer(minimum: 0), required: true),
            .init("users_to_change_password", .integer(minimum: 0), required: true),
        ])

    private static func named(_ call: Call) throws -> Tenant { try call.instance.directory.tenant(id: try call.id()) }

    private static func reason(_ call: Call) -> String { call.body["reason"]?.string ?? "" }

    private static func state(_ tenant: Tenant) throws -> Value {
        try tenant.loadWritability()
        return tenant.readOnlyMark?.value ?? ["read_only": false]
    }

    private static func freeze(_ tenant: Tenant, _ call: Call) throws -> Reply {
        Reply(200, try ReadOnly.begin(tenant, .freeze, actor: call.actingUser, reason: reason(call)).value)
    }

    private static func thaw(_ tenant: Tenant, _ call: Call) throws -> Reply {
        try ReadOnly.end(tenant, actor: call.actingUser, reason: reason(call))
        return Reply(200, ["read_only": false])
    }

    private static func breach(_ tenant: Tenant, _ call: Call) throws -> Reply {
        let done = try Breach.declare(tenant, actor: call.actingUser, reason: reason(call))
        var answer = done.mark.value.object ?? Object()
        for (key, value) in done.report.value.object ?? Object() { answer[key] = value }
        return Reply(200, .object(answer))
    }
}
