import Core
import Platform

/// How the server is used and how it fares: `/metrics` for the operator, reports over its own requests for a tenant.
enum StatisticsEndpoints {
    static func `operator`(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        [
            Endpoint(
                .get, "/metrics", access: .anyone, execution: .worker, rateClass: .unlimited,
                documentation: .init(
                    "Show metrics in the Prometheus text format; from other machines with an operator's token", tag: "Health",
                    replies: [.init(200, "The metrics.", contentType: MetricsRegistry.contentType)])
            ) { call in
                guard call.principal.kind == .operator || ["127.0.0.1", "::1", "local"].contains(call.remoteAddress) else {
                    throw Authorization.required
                }
                let application = application()
                let own = application.statistics.registry.render()
                return Reply(200, bytes: own + application.tenantMetrics.render(now: call.now), contentType: MetricsRegistry.contentType)
            },
            Endpoint(
                .get, "/api/statistics/statements", access: .operator, execution: .worker, rateClass: .unlimited,
                documentation: .init(
                    "Show the statements that take longest on average, over all databases", tag: "Statistics",
                    query: [.init("tenant_id", .integer(minimum: 1), "Of this tenant's database only.")],
                    replies: [.init(200, "The twenty slowest, slowest first.", statements)])
            ) { call in
                let lines = try call.queryID("tenant_id").map { call.instance.statements.slowest(of: $0) } ?? call.instance.statements.slowest
                return Reply(200, ["items": .array(lines.map(\.value)), "next_cursor": .null])
            },
        ]
    }

    private static let statements = Page.schema(
        of: .object([
            .init("tenant_id", .nullable(.integer()), required: true, "Null for the system's database.", example: 1),
            .init("statement", .string(), required: true, "Without the values that it was given.", example: "COMMIT"),
            .init("runs", .integer(), required: true), .init("average_ms", .decimal, required: true),
            .init("maximum_ms", .decimal, required: true), .init("total_ms", .decimal, required: true),
        ]))

    private static let span: [Endpoint.Documentation.Parameter] = [
        .init("from", .instant, "The last day unless said otherwise."), .init("until", .instant, "Now unless said otherwise."),
    ]

    private static let milliseconds = Schema.string(maxLength: 30)

    static func tenant(_ application: @escaping @Sendable () -> Application) -> [Endpoint] {
        [
            Endpoint(
                .get, "/api/statistics/endpoints", access: .permission("metrics.view"), execution: .worker, rateClass: .analytics,
                documentation: .init(
                    "Show how often and how fast each endpoint answered", tag: "Statistics", query: span,
                    replies: [
                        .init(
                            200, "By endpoint, the busiest first.",
                            Page.schema(
                                of: .object([
                                    .init("endpoint", .string(), required: true, example: "GET /api/users"),
                                    .init("requests", .integer(), required: true),
                                    .init("errors", .integer(), required: true, "Answered 500 or above."),
                                    .init("refused", .integer(), required: true, "Answered 400 to 499."),
                                    .init("error_rate", .decimal, required: true, example: "0.0500"),
                                    .init("average_ms", .decimal, required: true), .init("maximum_ms", .decimal, required: true),
                                    .init("p50_ms", .decimal, required: true), .init("p95_ms", .decimal, required: true),
                                    .init("p99_ms", .decimal, required: true),
                                ])))
                    ])
            ) { call in
                guard let tenant = call.tenant else { throw TenantDirectory.notFound }
                let span = try call.span()
                let items = try application().requestLog.read(tenant) { try RequestReports.endpoints(span, $0) }
                return Reply(200, ["items": .array(items), "next_cursor": .null])
            },
            Endpoint(
                .get, "/api/statistics/statements", access: .permission("metrics.view"), execution: .worker, rateClass: .analytics,
                documentation: .init(
                    "Show the statements that take longest on average", tag: "Statistics",
                    replies: [.init(200, "The twenty slowest since the server began, slowest first.", statements)])
            ) { call in
                guard let tenant = call.tenant else { throw TenantDirectory.notFound }
                return Reply(200, ["items": .array(call.instance.statements.slowest(of: tenant.id).map(\.value)), "next_cursor": .null])
            },
            Endpoint(
                .get, "/api/statistics/users", access: .permission("metrics.view"), execution: .worker, rateClass: .analytics,
                documentation: .init(
                    "Show who asked most", tag: "Statistics", query: span,
                    replies: [
                        .init(
                            200, "The fifty most active users.",
                            Page.schema(
                                of: .object([
                                    .init("user_id", .integer(), required: true),
                                    .init("username", .nullable(.string()), required: true, example: "akosua"),
                                    .init("requests", .integer(), required: true), .init("last_at", .instant, required: true),
                                ])))
                    ])
            ) { call in
                guard let tenant = call.tenant else { throw TenantDirectory.notFound }
                let span = try call.span()
                let rows = try application().requestLog.read(tenant) {
                    try RequestReports.users(span, limit: Page.defaultLimit, $0)
                }
                let names = try tenant.store.read { db in
                    rows.map { row in try? Users.get(db, row.userID).username }
                }
                return Reply(
                    200,
                    [
                        "items": .array(
                            zip(rows, names).map { row, name in
                                [
                                    "user_id": .int(row.userID), "username": name.map { .string($0) } ?? .null,
                                    "requests": .int(row.requests), "last_at": .string(row.last.description),
                                ]
                            }), "next_cursor": .null,
                    ])
            },
            Endpoint(
                .get, "/api/api-logs", access: .permission("metrics.view"), execution: .worker, rateClass: .analytics,
                documentation: .init(
                    "List the requests themselves, newest first", tag: "Statistics", query: Page.parameters + span,
                    replies: [
                        .init(
                            200, "A page of requests; they are kept for 30 days.",
                            Page.schema(
                                of: .object([
                                    .init("timestamp", .instant, required: true),
                                    .init("endpoint", .string(), required: true, example: "GET /api/users"),
                                    .init("duration_ms", .decimal, required: true), .init("status", .integer(), required: true),
                                    .init("user_id", .nullable(.integer()), required: true),
                                ])))
                    ])
            ) { call in
                guard let tenant = call.tenant else { throw TenantDirectory.notFound }
                let span = try call.span()
                let page = try Page(call)
                let before = page.key.isEmpty ? Int64.max : try page.id()
                let rows = try application().requestLog.read(tenant) {
                    try RequestReports.rows(span, before: before, limit: page.fetchLimit, $0)
                }
                return page.reply(rows, key: { [.int($0.id)] }, item: \.value)
            },
        ]
    }
}

extension Call {
    fileprivate func span() throws -> RequestReports.Span {
        func instant(_ name: String) throws -> Int64? {
            guard let text = queryValue(name) else { return nil }
            guard let instant = try? Instant(text) else {
                throw Problem.invalid([
                    .init(field: name, code: "type", message: "must be an instant such as \"2026-01-31T09:30:00.000Z\"")
                ])
            }
            return instant.milliseconds
        }
        let until = try instant("until") ?? now.milliseconds + 1
        return RequestReports.Span(from: try instant("from") ?? until - 86_400_000, until: until)
    }
}
