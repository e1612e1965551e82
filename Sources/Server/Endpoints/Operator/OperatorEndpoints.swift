import Core
import Platform

/// The operator's own API: tenants, backups, and who may come here.
enum OperatorEndpoints {
    static func make(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        TenantEndpoints.make(application) + BackupEndpoints.operator(application) + ReadOnlyEndpoints.operator + MigrationEndpoints.all
            + AlertEndpoints.operator(application) + [list, create, revoke]
    }

    private static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true), .init("name", .string(), required: true, example: "ops"),
        .init("created_at", .instant, required: true), .init("expires_at", .instant, required: true),
        .init("revoked_at", .nullable(.instant), required: true, example: .null),
    ])

    private static let list = Endpoint(
        .get, "/api/operators", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "List the operators' tokens", tag: "Operators",
            replies: [.init(200, "All of them, without their secrets.", Page.schema(of: schema))])
    ) { call in
        Reply(
            200,
            ["items": .array(try call.instance.system.listOperators().map(\.value)), "next_cursor": .null])
    }

    private static let create = Endpoint(
        .post, "/api/operators", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Make an operator's token", tag: "Operators",
            input: .object([
                .init("name", .string(minLength: 1, maxLength: 100), required: true, example: "ops"),
                .init("days", .integer(minimum: 1, maximum: 366), "How long it lives; 90 by default.", example: 90),
            ]),
            replies: [
                .init(
                    201, "The token, shown this once.",
                    .object([.init("operator", schema, required: true), .init("token", .string(), required: true)]))
            ])
    ) { call in
        let made = try call.instance.system.createOperator(
            name: try call.text("name"), days: Int(call.body["days"]?.int ?? 90), actor: call.actingUser)
        return Reply(201, ["operator": made.operator.value, "token": .string(made.secret)])
    }

    private static let revoke = Endpoint(
        .delete, "/api/operators/{id}", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Revoke an operator's token", tag: "Operators", replies: [.init(200, "It is worth nothing from now on.", schema)])
    ) { call in
        Reply(200, try call.instance.system.revokeOperator(try call.id(), actor: call.actingUser).value)
    }
}
