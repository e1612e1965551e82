import Core
import Platform

/// Restoring to a moment, recovering what is damaged, and trying restores out.
enum RecoveryEndpoints {
    static func make(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        [restore(application), recover(application), testRestore, drill, drills]
    }

    private static let reason = Schema.Member(
        "reason", .string(minLength: 1, maxLength: 1_000), required: true, example: "Stock import went wrong")

    private static func restore(_ application: @escaping @Sendable () -> Application) -> Endpoint {
        Endpoint(
            .post, "/api/tenants/{id}/restore", access: .operator, execution: .worker, rateClass: .unlimited,
            documentation: .init(
                "Put a tenant back to its last moment at or before an instant, or make a new tenant of that moment", tag: "Backups",
                input: .object([
                    .init("to", .instant, required: true), reason,
                    .init("domain", .string(minLength: 1, maxLength: 253), "Of a new tenant; the tenant itself is left alone then.", example: "copy.localhost"),
                    .init("name", .string(minLength: 1, maxLength: 200), "Of a new tenant."),
                ]),
                replies: [
                    .init(200, "The tenant is as it was then; what was there before is kept.", BackupService.Restored.schema),
                    .init(
                        201, "The new tenant is there.",
                        .object([
                            .init("tenant", TenantEndpoints.schema, required: true), .init("steps", RestoreSteps.schema, required: true, example: []),
                            .init("reached_at", .instant, required: true),
                        ])),
                ])
        ) { call in
            let service = BackupService(call.instance)
            let tenant = try call.instance.directory.tenant(id: try call.id())
            let instant = try Instant(try call.text("to"))
            if let domain = call.body["domain"]?.string {
                let made = try service.makeTenant(
                    of: tenant, at: instant, name: call.body["name"]?.string, domain: domain, actor: call.actingUser, reason: try call.text("reason"))
                return Reply(
                    201, ["tenant": made.tenant.facts.value, "steps": made.steps, "reached_at": .string(made.reached.description)],
                    headers: [("Location", "/api/tenants/\(made.tenant.id)")])
            }
            return Reply(
                200,
                try service.restore(
                    tenant, from: .moment(instant), actor: call.actingUser, reason: try call.text("reason"),
                    swapped: { application().limits.forget($0) }
                ).value)
        }
    }

    private static func recover(_ application: @escaping @Sendable () -> Application) -> Endpoint {
        Endpoint(
            .post, "/api/tenants/{id}/recover", access: .operator, execution: .worker, rateClass: .unlimited,
            documentation: .init(
                "Bring back a tenant whose database is damaged: stop its changes, keep the file, restore the newest sound copy, put the log of changes on it",
                tag: "Backups", input: .object([reason]),
                replies: [.init(200, "It is there, as new as could be, and read-only until it is thawed.", BackupService.Restored.schema)])
        ) { call in
            Reply(
                200,
                try BackupService(call.instance).restore(
                    try call.instance.directory.tenant(id: try call.id()), from: .newest, actor: call.actingUser, reason: try call.text("reason"),
                    swapped: { application().limits.forget($0) }
                ).value)
        }
    }

    private static let testRestore = Endpoint(
        .post, "/api/tenants/{id}/test-restore", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Restore a tenant into a scratch file, verify it, count what is in it, and remove it", tag: "Backups",
            replies: [
                .init(
                    200, "It can be restored.",
                    .object([
                        .init("tenant_id", .integer(minimum: 1), required: true), .init("domain", .string(), required: true, example: "acme.localhost"),
                        .init("backup_id", .integer(minimum: 1), required: true), .init("bytes", .integer(minimum: 0), required: true),
                        .init("reached_at", .instant, required: true, "Up to when it is."),
                        .init("loss_seconds", .integer(minimum: 0), required: true, "What a restore now would lose; 0 for nothing."),
                        .init("milliseconds", .integer(minimum: 0), required: true), .init("steps", RestoreSteps.schema, required: true, example: []),
                        .init("records", DatabaseFigures.schema, required: true, example: []),
                    ]))
            ])
    ) { call in
        Reply(200, try BackupService(call.instance).testRestore(of: try call.instance.directory.tenant(id: try call.id())))
    }

    private static let drillSchema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true), .init("tenant_id", .integer(minimum: 1), required: true),
        .init("domain", .string(), required: true, example: "acme.localhost"), .init("started_at", .instant, required: true),
        .init("ok", .boolean, required: true, "Sound, within four hours, at most one hour lost."), .init("bytes", .integer(minimum: 0), required: true),
        .init("recovery_seconds", .string(), required: true, example: "0.420"), .init("loss_seconds", .integer(minimum: 0), required: true),
        .init("report", .any, required: true),
    ])

    private static let drill = Endpoint(
        .post, "/api/backups/drills", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Time a test restore and keep the report", tag: "Backups",
            input: .object([.init("tenant_id", .integer(minimum: 1), "The largest one unless said otherwise.")]),
            replies: [.init(201, "It was done; ok says whether it is within the objectives.", drillSchema)])
    ) { call in
        let tenant = try call.body["tenant_id"]?.int.map { try call.instance.directory.tenant(id: $0) }
        return Reply(201, try BackupService(call.instance).drill(tenant, actor: call.actingUser).value)
    }

    private static let drills = Endpoint(
        .get, "/api/backups/drills", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "List the drills, newest first", tag: "Backups", query: Page.parameters, replies: [.init(200, "A page of drills.", Page.schema(of: drillSchema))])
    ) { call in
        let page = try Page(call)
        let after = try page.id()
        let rows = try call.instance.system.drills(before: after == 0 ? .max : after, limit: page.fetchLimit)
        return page.reply(rows, key: { [.int($0.id)] }, item: { $0.value })
    }
}
