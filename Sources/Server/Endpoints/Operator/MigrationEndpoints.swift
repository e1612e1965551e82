import Core
import Platform

/// The schemas of tenants' databases: how they stand, and the way back.
enum MigrationEndpoints {
    static let all = [show, undo]

    private static let show = Endpoint(
        .get, "/api/tenants/{id}/migrations", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Show which steps a tenant's schema has taken and has yet to take", tag: "Tenants",
            replies: [
                .init(
                    200, "How it stands.",
                    .object([
                        .init(
                            "applied",
                            .array(
                                .object([
                                    .init("room", .string(), required: true, example: "ledger"), .init("number", .integer(minimum: 1), required: true),
                                    .init("name", .string(), required: true), .init("checksum", .string(), required: true),
                                    .init("applied_at", .instant, required: true),
                                ])), required: true, example: []),
                        .init(
                            "pending",
                            .array(
                                .object([
                                    .init("room", .string(), required: true, example: "ledger"), .init("number", .integer(minimum: 1), required: true),
                                    .init("name", .string(), required: true),
                                ])), required: true, "Taken when it is opened next.", example: []),
                        .init(
                            "plugins", .array(.object([.init("name", .string(), required: true), .init("version", .string(), required: true)])),
                            required: true, example: []),
                        .init("fault", .nullable(.string()), required: true, "What keeps it from being opened.", example: .null),
                        .init("copy_before", .nullable(.string()), required: true, "The copy that was kept before the last steps.", example: .null),
                    ]))
            ])
    ) { call in
        Reply(200, try call.instance.migrationState(of: try call.instance.directory.tenant(id: try call.id())).value)
    }

    private static let undo = Endpoint(
        .post, "/api/tenants/{id}/migrations/undo", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Put back the copy that was kept before a tenant's last steps; while no server runs", tag: "Tenants",
            input: .object([.init("reason", .string(minLength: 1, maxLength: 1_000), required: true, example: "The upgrade went wrong")]),
            replies: [
                .init(
                    200, "It is put back, and closed.",
                    .object([
                        .init("copy", .string(), required: true), .init("former_file", .nullable(.string()), required: true),
                        .init("rows_before", .map(.integer()), required: true, example: [:]),
                        .init("rows_after", .map(.integer()), required: true, example: [:]),
                    ]))
            ])
    ) { call in
        let tenant = try call.instance.directory.tenant(id: try call.id())
        let done = try call.instance.undoMigration(of: tenant)
        try call.instance.system.noteMigrationUndone(tenant.id, copy: done.copy, actor: call.actingUser, reason: try call.text("reason"))
        func shown(_ rows: [String: Int64]) -> Value { .object(Object(rows.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })) }
        return Reply(
            200,
            [
                "copy": .string(done.copy), "former_file": done.former.map { .string($0) } ?? .null, "rows_before": shown(done.before),
                "rows_after": shown(done.after),
            ])
    }
}
