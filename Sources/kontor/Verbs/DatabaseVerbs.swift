import Core

/// The databases themselves, from the command line.
enum DatabaseVerbs {
    static let all = [
        Verb("db sizes", "", "Print how much of a business's database each table and index takes, largest first", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let sizes = try api.ask("GET", "/api/database/sizes", at: place)
            invocation.answer(sizes) {
                var table = Table(("NAME", .left), ("KIND", .left), ("TABLE", .left), ("PAGES", .right), ("BYTES", .right))
                for item in sizes["items"]?.array ?? [] {
                    table.add(item.text("name"), item.text("kind"), item.text("table"), item.text("pages"), item.text("bytes"))
                }
                return table.text + "free: \(sizes.text("free_pages")) pages, \(sizes.text("free_bytes")) bytes\n"
                    + "all: \(sizes.text("pages")) pages, \(sizes.text("bytes")) bytes\n"
            }
            return .done
        },
        Verb(
            "db explain", "[TYPE]", "Print how the rows of each filter and order of a list of records are found",
            options: [
                .tenant, Option("field", "NAME", "Only these filters, by their names in JSON; may be repeated"),
                Option("strict", nil, "Exit with 1 where a filter that the declaration promises an index for, or that --field names, reads everything"),
            ]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let type = invocation.arguments.words.first.map { "?type=\($0.percentEncoded)" } ?? ""
            let fields = invocation.arguments.all("field")
            let items = (try api.ask("GET", "/api/database/plans\(type)", at: place)["items"]?.array ?? []).filter { item in
                fields.isEmpty || (item["kind"] == "filter" && fields.contains(item.text("field")))
            }
            for field in fields where !items.contains(where: { $0.text("field") == field }) {
                throw Problem(404, "record.field_not_found", "No list here is filtered by “\(field)”.")
            }
            var table = Table(("TYPE", .left), ("KIND", .left), ("FIELD", .left), ("DECLARED", .left), ("FOUND BY", .left))
            for item in items {
                table.add(
                    item.text("type"), item.text("kind"), item.text("field"), item.text("declared"),
                    item["scan"] == true ? "scan" + (item["index"]?.string.map { " of \($0)" } ?? "") : item.text("index"))
            }
            let failing = items.filter { $0["kind"] == "filter" && $0["scan"] == true && ($0["declared"] == true || !fields.isEmpty) }
            invocation.answer(["items": .array(items), "failing": .array(failing.map { .string("\($0.text("type")) \($0.text("field"))") })]) { table.text }
            return invocation.arguments.has("strict") && !failing.isEmpty ? .refused : .done
        },
        Verb("db slow", "", "Print the twenty statements that take longest on average, since the server began", options: [
            Option("tenant", "ID", "Of this business's database only, by its id or domain")
        ]) { invocation in
            let api = try invocation.api()
            let tenant = try invocation.arguments["tenant"].map { "?tenant_id=\(try api.tenant($0).text("id"))" } ?? ""
            let answer = try api.ask("GET", "/api/statistics/statements\(tenant)", at: .operator)
            var table = Table(("BUSINESS", .right), ("RUNS", .right), ("AVERAGE MS", .right), ("LONGEST MS", .right), ("STATEMENT", .left))
            for item in answer["items"]?.array ?? [] {
                table.add(
                    item.text("tenant_id"), item.text("runs"), item.text("average_ms"), item.text("maximum_ms"),
                    item.text("statement").split(whereSeparator: \.isWhitespace).joined(separator: " "))
            }
            invocation.answer(answer) { table.text }
            return .done
        },
        Verb(
            "db maintain", "", "Bring a business's database into shape now: indexes, statistics, free room",
            options: [
                .tenant, Option("full", nil, "Write a large file without its free room too, which holds changes meanwhile"),
                Option("history", nil, "List when it was done, and do nothing"),
            ],
            details: "The server does it by itself each week at night: kontor db schedule."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let runs: [Value]
            if invocation.arguments.has("history") {
                runs = try api.ask("GET", "/api/database/maintenance?limit=50", at: place)["items"]?.array ?? []
                invocation.answer(["items": .array(runs)]) { table(runs) }
            } else {
                runs = [try api.ask("POST", "/api/database/maintenance", ["full": .bool(invocation.arguments.has("full"))], at: place)]
                invocation.answer(runs[0]) { table(runs) }
            }
            return runs.first?["result"] == "failed" ? .refused : .done
        },
        Verb(
            "db schedule", "", "Show or change when databases are brought into shape",
            options: [Option("cron", "LINE", "When, in each business's time zone (else 0 3 * * 0)"), Option("on", nil, "Do it"), Option("off", nil, "Do it no longer")]
        ) { invocation in
            let arguments = invocation.arguments
            var body = Object()
            if let cron = arguments["cron"] { body["cron"] = .string(cron) }
            if arguments.has("on") || arguments.has("off") { body["enabled"] = .bool(arguments.has("on")) }
            let api = try invocation.api()
            let answer =
                body.keys.isEmpty
                ? try api.ask("GET", "/api/maintenance/settings", at: .operator)
                : try api.ask("PATCH", "/api/maintenance/settings", .object(body), at: .operator)
            invocation.answer(answer) { answer.lines }
            return .done
        },
    ]

    private static func table(_ runs: [Value]) -> String {
        var table = Table(
            ("STARTED", .left), ("RESULT", .left), ("BEFORE", .right), ("AFTER", .right), ("FREE", .right), ("INDEXES", .right), ("ANALYSED", .right),
            ("COMPACTED", .left), ("DETAIL", .left))
        for run in runs {
            table.add(
                run.text("started_at"), run.text("result"), run.text("bytes_before"), run.text("bytes_after"), run.text("free_bytes_after"),
                run.text("indexes_rebuilt"), run.text("tables_analysed"), run.text("compacted"), run.text("detail"))
        }
        return table.text
    }
}
