import Core
import Platform
import Storage

/// `/api/database`: how large it is, how its lists are found, and how it is kept in shape.
enum DatabaseEndpoints {
    static let tenant = [sizes, plans, history, maintain]
    static let `operator` = [allHistory, settings, change]

    private static let sizes = Endpoint(
        .get, "/api/database/sizes", access: .permission("metrics.view"), execution: .worker, rateClass: .analytics,
        documentation: .init(
            "Show how much of the database each table and index takes", tag: "Database",
            replies: [
                .init(
                    200, "Largest first. The pages of all items and the free ones are all pages of the file.",
                    .object([
                        .init("page_size", .integer(minimum: 512), required: true, example: 4_096),
                        .init("pages", .integer(minimum: 0), required: true), .init("free_pages", .integer(minimum: 0), required: true),
                        .init("bytes", .integer(minimum: 0), required: true), .init("free_bytes", .integer(minimum: 0), required: true),
                        .init(
                            "items",
                            .array(
                                .object([
                                    .init("name", .string(), required: true), .init("table", .string(), required: true),
                                    .init("kind", .string(allowed: ["table", "index"]), required: true),
                                    .init("pages", .integer(minimum: 0), required: true), .init("bytes", .integer(minimum: 0), required: true),
                                ])), required: true),
                    ]))
            ])
    ) { call in
        guard let tenant = call.tenant else { throw TenantDirectory.notFound }
        let sizes = try tenant.store.readAlone { db in try db.fileSizes() }
        return Reply(
            200,
            [
                "page_size": .int(sizes.pageSize), "pages": .int(sizes.pages), "free_pages": .int(sizes.freePages),
                "bytes": .int(sizes.bytes), "free_bytes": .int(sizes.freeBytes),
                "items": .array(
                    sizes.parts.map { part in
                        [
                            "name": .string(part.name), "table": .string(part.table), "kind": .string(part.isIndex ? "index" : "table"),
                            "pages": .int(part.pages), "bytes": .int(part.bytes),
                        ]
                    }),
            ])
    }

    private static let plans = Endpoint(
        .get, "/api/database/plans", access: .permission("metrics.view"), execution: .read, rateClass: .analytics,
        documentation: .init(
            "Show how the rows of each filter and order of the lists of records are found", tag: "Database",
            query: [.init("type", .string(), "Of this record type; of all if left out.")],
            replies: [
                .init(
                    200, "By type: the filters, then the orders.",
                    .object([
                        .init(
                            "items",
                            .array(
                                .object([
                                    .init("type", .string(), required: true, example: "catalog.product"),
                                    .init("field", .string(), required: true, example: "sku"),
                                    .init("kind", .string(allowed: ["filter", "order"]), required: true),
                                    .init("declared", .boolean, required: true, "The declaration promises an index."),
                                    .init("index", .nullable(.string()), required: true, "The one that is used."),
                                    .init("scan", .boolean, required: true, "The whole table, or a whole index, may have to be read."),
                                    .init("sorts", .boolean, required: true, "The rows are put in order after they were found."),
                                    .init("plan", .array(.string()), required: true, "As the database tells it."),
                                ])), required: true)
                    ]))
            ])
    ) { call in
        let types = call.revision?.plugins.typesInOrder ?? []
        let wanted = call.queryValue("type")
        let chosen = types.filter { wanted == nil || $0.name == wanted }
        guard !chosen.isEmpty || wanted == nil else {
            throw Problem(404, "record.type_not_found", "There is no record type “\(wanted ?? "")” here.")
        }
        let plans = try chosen.flatMap { try ListPlan.all(of: $0, call.database) }
        return Reply(200, ["items": .array(plans.map(\.value))])
    }

    private static let history = Endpoint(
        .get, "/api/database/maintenance", access: .permission("metrics.view"), execution: .worker,
        documentation: .init(
            "List when the database was brought into shape, newest first", tag: "Database", query: Page.parameters,
            replies: [.init(200, "A page of runs.", Page.schema(of: MaintenanceRun.schema))])
    ) { call in
        guard let tenant = call.tenant else { throw TenantDirectory.notFound }
        return try list(call, of: tenant.id)
    }

    private static let maintain = Endpoint(
        .post, "/api/database/maintenance", access: .permission("settings.edit"), execution: .worker, rateClass: .analytics,
        documentation: .init(
            "Bring the database into shape now: indexes, statistics, free room", tag: "Database",
            input: .object([
                .init("full", .boolean, "A large file is written without its free room too, which holds changes meanwhile.", example: false)
            ]),
            replies: [.init(200, "How it went, with the sizes before and after.", MaintenanceRun.schema)])
    ) { call in
        guard let tenant = call.tenant else { throw TenantDirectory.notFound }
        return Reply(
            200, try DatabaseCare(call.instance).run(tenant, full: call.body["full"]?.bool ?? false, actor: call.actingUser).value)
    }

    // MARK: The operator's

    private static let allHistory = Endpoint(
        .get, "/api/maintenance", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "List when databases were brought into shape, newest first", tag: "Database",
            query: Page.parameters + [.init("tenant_id", .integer(minimum: 1), "Of this business only.")],
            replies: [.init(200, "A page of runs.", Page.schema(of: MaintenanceRun.schema))])
    ) { call in try list(call, of: try call.queryID("tenant_id")) }

    private static func list(_ call: Call, of tenant: Int64?) throws -> Reply {
        let page = try Page(call)
        let before = page.key.isEmpty ? Int64.max : try page.id()
        let runs = try call.instance.system.maintenanceRuns(before: before, tenant: tenant, limit: page.fetchLimit)
        return page.reply(runs, key: { [.int($0.id)] }, item: \.value)
    }

    private static func members(required: Bool) -> [Schema.Member] {
        [
            .init("enabled", .boolean, required: required),
            .init("cron", .string(minLength: 1, maxLength: 100), required: required, "In each business's time zone.", example: "0 3 * * 0"),
        ]
    }

    private static let settings = Endpoint(
        .get, "/api/maintenance/settings", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Show when databases are brought into shape", tag: "Database", replies: [.init(200, "The settings.", .object(members(required: true)))])
    ) { call in Reply(200, try DatabaseCare(call.instance).settings().value) }

    private static let change = Endpoint(
        .patch, "/api/maintenance/settings", access: .operator, execution: .worker, rateClass: .unlimited,
        documentation: .init(
            "Change when databases are brought into shape", tag: "Database", input: .object(members(required: false)),
            replies: [.init(200, "The settings.", .object(members(required: true)))])
    ) { call in Reply(200, try DatabaseCare(call.instance).change(call.body, actor: call.actingUser).value) }
}
