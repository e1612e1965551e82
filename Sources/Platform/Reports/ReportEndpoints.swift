import Core
import Storage

/// `/api/reports` and `/api/dashboards`.
package enum ReportEndpoints {
    // MARK: One report

    static func endpoint(of report: Report) -> Endpoint {
        let declaration = report.declaration
        return Endpoint(
            .get, PathTemplate("/api/reports/\(declaration.id)"), access: .permission(declaration.permission), execution: .read,
            documentation: .init(
                "Report: \(declaration.title)", tag: declaration.plugin,
                query: declaration.parameters.map { .init($0.jsonName, $0.schema, $0.summary) } + [
                    .init("format", .string(allowed: ["json", "csv"]), "json unless said otherwise.")
                ],
                replies: [
                    .init(200, "The rows; with format=csv the same as a file.", schema(of: declaration)),
                    .init(200, "The rows as a file.", nil, contentType: "text/csv"),
                ])
        ) { call in
            switch call.queryValue("format") {
            case nil, "json": try json(report, call)
            case "csv": try ReportCSV.reply(report, call)
            default: throw Problem.invalid([.init(field: "format", code: "not_allowed", message: "must be json or csv")])
            }
        }
    }

    private static func json(_ report: Report, _ call: Call) throws -> Reply {
        guard let tenant = call.tenant else { throw TenantDirectory.notFound }
        let declaration = report.declaration
        let answer = try ReportAnswer.of(
            try ReportRun(report, call), tenant, call.database, cache: call.isOnCopy ? nil : call.instance.reports, now: call.instance.now)
        var json = JSONWriter(capacity: answer.items.count + 1_024)
        json.beginObject()
        json.member("report", declaration.id)
        json.member("title", declaration.title)
        json.member("currency", tenant.currency.code)
        json.member("columns", value: columns(declaration))
        json.key("items")
        json.rawUTF8(answer.items)
        json.member("chart", value: declaration.chart)
        json.member("computed_at", answer.computedAt.description)
        json.member("cached", answer.isCached)
        json.endObject()
        return Reply(200, bytes: json.bytes, contentType: "application/json")
    }

    private static func columns(_ declaration: ReportDeclaration) -> Value {
        .array(
            declaration.columns.map {
                ["name": .string($0.jsonName), "kind": .string($0.kind.rawValue), "title": .string($0.title ?? $0.name)]
            })
    }

    private static func schema(of declaration: ReportDeclaration) -> Schema {
        .object([
            .init("report", .string(), required: true, example: .string(declaration.id)), .init("title", .string(), required: true),
            .init("currency", .string(), required: true, "Of all amounts of money.", example: "GHS"),
            .init("columns", .array(columnSchema), required: true),
            .init(
                "items", .array(.object(declaration.columns.map { .init($0.jsonName, .nullable($0.schema), required: true, $0.summary) })),
                required: true),
            .init("chart", .nullable(.map(.any)), required: true, "How to draw it.", example: .null),
            .init("computed_at", .instant, required: true), .init("cached", .boolean, required: true),
        ])
    }

    private static let columnSchema: Schema = .object([
        .init("name", .string(), required: true), .init("kind", .string(), required: true, example: "money"),
        .init("title", .string(), required: true),
    ])

    // MARK: Lists

    package static let endpoints: [Endpoint] = [list, dashboards]

    private static let list = Endpoint(
        .get, "/api/reports", access: .permission("reports.view"), execution: .read,
        documentation: .init(
            "List the reports that you may run", tag: "Reports",
            replies: [
                .init(
                    200, "By their ids.",
                    .object([
                        .init(
                            "items",
                            .array(
                                .object([
                                    .init("id", .string(), required: true, example: "pos.sales_by_day"), .init("title", .string(), required: true),
                                    .init("description", .string(), required: true), .init("path", .string(), required: true),
                                    .init("params", .array(.map(.any)), required: true), .init("columns", .array(columnSchema), required: true),
                                    .init("chart", .nullable(.map(.any)), required: true, example: .null),
                                ])), required: true)
                    ]))
            ])
    ) { call in
        let reports = call.revision?.plugins.reports.values.map(\.declaration) ?? []
        return Reply(
            200, ["items": .array(reports.filter { call.principal.may($0.permission) }.sorted { $0.id < $1.id }.map(described))])
    }

    private static func described(_ report: ReportDeclaration) -> Value {
        [
            "id": .string(report.id), "title": .string(report.title), "description": .string(report.summary),
            "path": .string("/api/reports/\(report.id)"),
            "params": .array(
                report.parameters.map {
                    [
                        "name": .string($0.jsonName), "kind": .string($0.kind.rawValue), "title": .string($0.title ?? $0.name),
                        "required": .bool($0.required && $0.fallback == nil), "description": .string($0.summary),
                        "values": .array($0.values.map { .string($0) }),
                    ]
                }),
            "columns": columns(report), "chart": report.chart,
        ]
    }

    private static let dashboards = Endpoint(
        .get, "/api/dashboards", access: .permission("reports.view"), execution: .read,
        documentation: .init(
            "List the dashboards with the reports on them that you may run", tag: "Reports",
            replies: [
                .init(
                    200, "Those with at least one such report.",
                    .object([
                        .init(
                            "items",
                            .array(
                                .object([
                                    .init("id", .string(), required: true, example: "pos.today"), .init("title", .string(), required: true),
                                    .init(
                                        "reports",
                                        .array(
                                            .object([
                                                .init("report", .string(), required: true, example: "pos.sales_by_day"),
                                                .init("title", .string(), required: true), .init("path", .string(), required: true),
                                                .init("params", .map(.any), required: true, example: [:]),
                                                .init("chart", .nullable(.map(.any)), required: true, example: .null),
                                            ])), required: true),
                                ])), required: true)
                    ]))
            ])
    ) { call in
        guard let plugins = call.revision?.plugins else { return Reply(200, ["items": []]) }
        let items: [Value] = plugins.dashboards.compactMap { dashboard in
            let tiles: [Value] = dashboard.tiles.compactMap { tile in
                guard let report = plugins.reports[tile.report]?.declaration, call.principal.may(report.permission) else { return nil }
                return [
                    "report": .string(report.id), "title": .string(tile.title ?? report.title),
                    "path": .string("/api/reports/\(report.id)"), "params": .object(tile.parameters), "chart": report.chart,
                ]
            }
            return tiles.isEmpty ? nil : ["id": .string(dashboard.id), "title": .string(dashboard.title), "reports": .array(tiles)]
        }
        return Reply(200, ["items": .array(items)])
    }
}
