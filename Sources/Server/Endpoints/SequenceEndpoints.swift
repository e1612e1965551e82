import Core
import Ledger
import Platform

/// `/api/sequences`: the runs of document numbers. A series is named by its name or its id.
enum SequenceEndpoints {
    static let all: [Endpoint] = [list, get, next, change]

    private static let path = [Endpoint.Documentation.Parameter("id", .string(minLength: 1, maxLength: 64), "The name, or the id.")]
    private static let scope: [Endpoint.Documentation.Parameter] = [
        .init("branch_id", .integer(minimum: 1), "Where each branch has numbers of its own."),
        .init("date", .date, "Of the document; today unless said otherwise."),
    ]

    private static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true), .init("name", .string(), required: true, example: "invoice"),
        .init("format", .string(), required: true, example: "INV-{year}-{seq:6}"),
        .init("reset", .string(allowed: SeriesReset.allCases.map(\.rawValue)), required: true, "When the numbers start again."),
        .init("per_branch", .boolean, required: true), .init("dated", .boolean, required: true, "Refuses dates before the last one."),
        .init(
            "segments",
            .array(
                .object([
                    .init("branch_id", .nullable(.integer()), required: true, example: .null),
                    .init("period", .string(), required: true, "2026, 2026-01, 2026-01-05 or nothing.", example: "2026"),
                    .init("format", .string(), required: true, example: "INV-{year}-{seq:6}"),
                    .init("first", .integer(), required: true), .init("next", .integer(), required: true),
                    .init("open", .boolean, required: true),
                ])), required: true, "Stretches of numbers without a gap."),
    ])

    private static let list = Endpoint(
        .get, "/api/sequences", access: .permission("sequences.view"), execution: .read,
        documentation: .init(
            "List the number sequences", tag: "Sequences", replies: [.init(200, "All of them, by name.", Page.schema(of: schema))])
    ) { call in
        let ledger = call.ledger
        return Reply(
            200, ["items": .array(try ledger.seriesList().map { try value($0, ledger) }), "next_cursor": .null])
    }

    private static let get = Endpoint(
        .get, "/api/sequences/{id}", access: .permission("sequences.view"), execution: .read,
        documentation: .init(
            "Show a number sequence", tag: "Sequences", pathParameters: path, replies: [.init(200, "The sequence.", schema)])
    ) { call in
        let ledger = call.ledger
        return Reply(200, try value(try call.series(ledger), ledger))
    }

    private static let next = Endpoint(
        .get, "/api/sequences/{id}/next_number/", access: .permission("sequences.view"), execution: .read,
        documentation: .init(
            "Show the number that comes next, and take nothing", tag: "Sequences", query: scope, pathParameters: path,
            replies: [
                .init(
                    200, "As it would be printed.",
                    .object([
                        .init("next_number", .string(), required: true, example: "INV-2026-000001"),
                        .init("value", .integer(), required: true),
                    ]))
            ])
    ) { call in
        let ledger = call.ledger
        let branch = try call.queryID("branch_id")
        let date = try call.queryDate("date") ?? (try call.bodyDate(""))
        let number = try ledger.peekNumber(
            series: try call.series(ledger).name, branch: branch,
            branchCode: try branch.map { try Branches.get(call.database, $0).code }, date: date)
        return Reply(200, ["next_number": .string(number.text), "value": .int(number.value)])
    }

    private static let change = Endpoint(
        .patch, "/api/sequences/{id}", access: .permission("sequences.edit"), execution: .write,
        documentation: .init(
            "Move a sequence forward, or print its future numbers in another way", tag: "Sequences", pathParameters: path,
            input: .object([
                .init("next", .integer(minimum: 1, maximum: 999_999_999_999), "The number to go on with.", example: 500),
                .init("format", .string(minLength: 1, maxLength: 100), example: "INV-{year}-{seq:6}"),
                .init("branch_id", .integer(minimum: 1), "For next: of this branch."),
                .init("date", .date, "For next: of which year, month or day; today unless said otherwise."),
                .init("reason", .string(minLength: 1, maxLength: 500), required: true, example: "Paper receipts until 499"),
            ]), replies: [.init(200, "The sequence as it is now.", schema)])
    ) { call in
        let ledger = call.ledger
        let series = try call.series(ledger)
        let before = try value(series, ledger)
        let reason = try call.text("reason")
        let body = call.body
        guard body["next"] != nil || body["format"] != nil else {
            throw Problem.invalid([.init(field: "next", code: "required", message: "or format must be there")])
        }
        if let format = body["format"]?.string {
            try ledger.setFormat(series: series.name, try NumberFormat(format), reason: reason, actor: call.ledgerActor)
        }
        if let next = body["next"]?.int {
            try ledger.adjustSeries(
                series.name, branch: body["branch_id"]?.int, date: try call.bodyDate("date"), next: next, reason: reason,
                actor: call.ledgerActor)
        }
        let after = try value(try ledger.series(series.name), ledger)
        let changes = Audit.difference(before, after)
        try Audit.append(
            call.database, call.actingUser, "sequence.changed", object: ("sequence", series.name), before: changes.before,
            after: changes.after, reason: reason)
        return Reply(200, after)
    }

    private static func value(_ series: Series, _ ledger: Ledger) throws -> Value {
        [
            "id": .int(series.id), "name": .string(series.name), "format": .string(series.format.description),
            "reset": .string(series.reset.rawValue), "per_branch": .bool(series.isBranched), "dated": .bool(series.isDated),
            "segments": .array(
                try ledger.segments(of: series.name).map { segment in
                    [
                        "branch_id": segment.branch.map { .int($0) } ?? .null, "period": .string(segment.period),
                        "format": .string(segment.format), "first": .int(segment.first), "next": .int(segment.next),
                        "open": .bool(segment.isOpen),
                    ]
                }),
        ]
    }
}

extension Call {
    fileprivate func series(_ ledger: Ledger) throws -> Series {
        let name = parameters["id"] ?? ""
        if let id = Int64(name), let found = try ledger.seriesList().first(where: { $0.id == id }) { return found }
        do {
            return try ledger.series(name)
        } catch LedgerError.seriesUnknown {
            throw Problem(404, "ledger.series_unknown", "There is no sequence “\(name)”.")
        }
    }
}
