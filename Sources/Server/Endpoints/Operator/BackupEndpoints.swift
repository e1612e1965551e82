import Core
import Platform

/// Copies of databases: the operator's for all tenants, a tenant's own for itself.
enum BackupEndpoints {
    /// The operator's.
    static func `operator`(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        [list, create, status, settings, verify, restore(application), makeTenant] + RecoveryEndpoints.make(application)
    }

    /// A tenant's own.
    static let tenant: [Endpoint] = [
        Endpoint(
            .get, "/api/backups", access: .permission("backup.run"), execution: .worker,
            documentation: .init(
                "List the copies of this business's data", tag: "Backups", query: Page.parameters,
                replies: [.init(200, "A page of copies, oldest first.", Page.schema(of: schema))])
        ) { call in try page(call, tenantID: call.tenant?.id) },
        Endpoint(
            .post, "/api/backups", access: .permission("backup.run"), execution: .worker, rateClass: .analytics,
            documentation: .init(
                "Make a verified copy of this business's data", tag: "Backups",
                replies: [.init(201, "It was made and read back.", schema)])
        ) { call in
            let made = try BackupService(call.instance).make(of: call.tenant, tier: .manual, actor: call.actingUser)
            return Reply(201, shown(made.record))
        },
    ]

    private static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true),
        .init("tenant_id", .nullable(.integer()), required: true, "Null for the system's own database."),
        .init("tier", .string(allowed: BackupService.Tier.allCases.map(\.rawValue)), required: true),
        .init("path", .string(), "Shown to the operator.", example: "backups/1/20260131T230000000Z-daily.db"),
        .init("place", .string(), required: true, example: "local"),
        .init("size", .integer(minimum: 0), required: true, "Bytes."),
        .init("sha256", .string(), required: true), .init("created_at", .instant, required: true),
        .init("verified_at", .nullable(.instant), required: true),
    ])

    private static let list = Endpoint(
        .get, "/api/backups", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "List the copies", tag: "Backups",
            query: Page.parameters + [.init("tenant_id", .integer(minimum: 1), "Of this tenant only.")],
            replies: [.init(200, "A page of copies, oldest first.", Page.schema(of: schema))])
    ) { call in
        try page(call, tenantID: call.queryValue("tenant_id").flatMap { Int64($0) })
    }

    private static let create = Endpoint(
        .post, "/api/backups", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Make verified copies", tag: "Backups",
            input: .object([
                .init("tenant_id", .integer(minimum: 1), "Without it: the system and every tenant."),
                .init("tier", .string(allowed: BackupService.Tier.allCases.map(\.rawValue)), "manual unless said otherwise."),
            ]),
            replies: [
                .init(
                    201, "They were made and read back.",
                    .object([
                        .init("items", .array(schema), required: true),
                        .init("failed", .array(.map(.any)), required: true, "Those that could not be made.", example: .array([])),
                    ]))
            ])
    ) { call in
        let service = BackupService(call.instance)
        let tier = BackupService.Tier(rawValue: call.body["tier"]?.string ?? "") ?? .manual
        var items: [Value] = []
        var failed: [Value] = []
        func note(_ failure: any Error, _ tenant: Tenant?) {
            let problem = (failure as? any ProblemConvertible)?.problem
            failed.append([
                "tenant_id": tenant.map { .int($0.id) } ?? .null, "code": .string(problem?.code ?? "internal"),
                "detail": .string(problem?.detail ?? "\(failure)"),
            ])
        }
        let one = try call.body["tenant_id"]?.int.map { try call.instance.directory.tenant(id: $0) }
        for tenant in one.map({ [$0] }) ?? [nil] + call.instance.directory.all.map(Optional.some) {
            do {
                let made = try service.make(of: tenant, tier: tier, actor: call.actingUser)
                items.append(made.record.value)
                if let failure = made.secondPlaceFailure { note(failure, tenant) }
            } catch {
                if one != nil { throw error }
                note(error, tenant)
            }
        }
        return Reply(failed.isEmpty ? 201 : 500, ["items": .array(items), "failed": .array(failed)])
    }

    private static let copySchema: Schema = .nullable(
        .object([
            .init("id", .integer(minimum: 1), required: true), .init("tier", .string(), required: true, example: "hourly"),
            .init("created_at", .instant, required: true), .init("verified_at", .nullable(.instant), required: true),
            .init("size", .integer(minimum: 0), required: true),
        ]))

    private static let settingsSchema: Schema = .object([
        .init("second_place", .nullable(.string(minLength: 1, maxLength: 1_000)), required: true, "A folder; null for none.", example: .null)
    ])

    private static let status = Endpoint(
        .get, "/api/backups/status", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Show how the copies of every database stand", tag: "Backups",
            replies: [
                .init(
                    200, "The system's database first, then each tenant's.",
                    .object([
                        .init("second_place", .nullable(.string()), required: true, "The folder.", example: .null),
                        .init("second_place_ok", .boolean, required: true, "Whether it can be used; true where there is none."),
                        .init(
                            "items",
                            .array(
                                .object([
                                    .init("tenant_id", .nullable(.integer()), required: true),
                                    .init("domain", .nullable(.string()), required: true, example: "acme.example"),
                                    .init("newest", copySchema, required: true, example: .null),
                                    .init("newest_at_second_place", copySchema, required: true, example: .null),
                                    .init("changed_since", .boolean, required: true, "It holds what no copy here holds."),
                                    .init(
                                        "failure",
                                        .nullable(
                                            .object([
                                                .init("at", .instant, required: true),
                                                .init("code", .string(), required: true, example: "storage.full"),
                                                .init("detail", .string(), required: true),
                                            ])), required: true, "What went wrong last, unless it went well since.", example: .null),
                                ])), required: true),
                    ]))
            ])
    ) { call in
        let service = BackupService(call.instance)
        let second = try SecondPlace(call.instance)
        return Reply(
            200,
            [
                "second_place": second.map { .string($0.path) } ?? .null, "second_place_ok": .bool(second?.fault == nil),
                "items": .array(try ([nil] + call.instance.directory.all.map(Optional.some)).map { try service.status($0) }),
            ])
    }

    private static let settings = Endpoint(
        .put, "/api/backups/settings", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Name a folder on another disk where every copy is kept as well", tag: "Backups", input: settingsSchema,
            replies: [.init(200, "What is so now.", settingsSchema)])
    ) { call in
        try SecondPlace.name(call.body["second_place"]?.string, call.instance, actor: call.actingUser)
        return Reply(200, ["second_place": try SecondPlace(call.instance).map { .string($0.path) } ?? .null])
    }

    private static let verify = Endpoint(
        .post, "/api/backups/{id}/verify", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Read a copy again and check it", tag: "Backups", replies: [.init(200, "It is sound.", schema)])
    ) { call in
        Reply(200, try BackupService(call.instance).verify(try call.id()).value)
    }

    private static func restore(_ application: @escaping @Sendable () -> Application) -> Endpoint {
        Endpoint(
            .post, "/api/backups/{id}/restore", access: .operator, execution: .worker, rateClass: .unlimited,
            documentation: .init(
                "Put a copy in its tenant's place", tag: "Backups",
                input: .object([
                    .init("reason", .string(minLength: 1, maxLength: 1_000), required: true, example: "Stock import went wrong")
                ]),
                replies: [.init(200, "The tenant runs on the copy; what was there before is kept.", BackupService.Restored.schema)])
        ) { call in
            let done = try BackupService(call.instance).restore(
                try call.id(), actor: call.actingUser, reason: try call.text("reason"),
                swapped: { application().limits.forget($0) })
            return Reply(200, done.value)
        }
    }

    private static let makeTenant = Endpoint(
        .post, "/api/backups/{id}/tenant", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Make a new tenant out of a copy", tag: "Backups",
            input: .object([
                .init("domain", .string(minLength: 1, maxLength: 253), required: true, example: "copy.localhost"),
                .init("name", .string(minLength: 1, maxLength: 200), "That of the tenant that was copied unless said otherwise."),
                .init("reason", .string(minLength: 1, maxLength: 1_000), required: true, example: "To look at June"),
            ]),
            replies: [.init(201, "The tenant is there; tokens and sessions of the former do not open it.", TenantEndpoints.schema)])
    ) { call in
        let tenant = try BackupService(call.instance).makeTenant(
            of: try call.id(), name: call.body["name"]?.string, domain: try call.text("domain"), actor: call.actingUser,
            reason: try call.text("reason"))
        return Reply(201, tenant.facts.value, headers: [("Location", "/api/tenants/\(tenant.id)")])
    }

    private static func page(_ call: Call, tenantID: Int64?) throws -> Reply {
        let page = try Page(call)
        let rows = try call.instance.system.backups(after: try page.id(), tenantID: tenantID, limit: page.fetchLimit)
        return page.reply(
            rows, key: { [.int($0.id)] }, item: { call.tenant == nil ? $0.value : shown($0) })
    }

    /// To a tenant: where files lie is the operator's business.
    private static func shown(_ record: BackupRecord) -> Value {
        guard case .object(let object) = record.value else { return record.value }
        return .object(Object(object.filter { $0.key != "path" }.map { ($0.key, $0.value) }))
    }
}
