import Core
import Ledger
import Platform

/// `/api/ledger/verify`, `/checkpoints` and `/export`: that the books are whole, for us and for others.
enum ProofEndpoints {
    static let all: [Endpoint] = [verify, listCheckpoints, takeCheckpoint, export]

    private static let verify = Endpoint(
        .post, "/api/ledger/verify", access: .permission("ledger.verify"), execution: .worker,
        documentation: .init(
            "Check the books without trusting anything in them", tag: "Ledger",
            input: .object([
                .init("full", .boolean, "Every digest, rule and total, which is so unless said otherwise; or what is new only.")
            ]),
            replies: [
                .init(
                    200, "What was read, and what is wrong.",
                    .object([
                        .init("ok", .boolean, required: true), .init("entries", .integer(), required: true),
                        .init("events", .integer(), required: true), .init("lines", .integer(), required: true),
                        .init("accounts", .integer(), required: true), .init("head", .string(), required: true),
                        .init(
                            "problems",
                            .array(
                                .object([
                                    .init("kind", .string(), required: true, example: "balance"),
                                    .init("place", .string(), required: true, example: "ledger_balances 1000"),
                                    .init("detail", .string(), required: true),
                                ])), required: true, example: .array([])),
                        .init("truncated", .boolean, required: true, "There are more problems than are shown."),
                    ]))
            ])
    ) { call in
        guard let tenant = call.tenant else { throw TenantDirectory.notFound }
        let file = CheckpointFile(call.instance, tenant)
        let newest = try file.newest()
        let report = try tenant.store.readAlone { db in
            let ledger = db.ledger(clock: call.instance.clock)
            let report = try ledger.verify(full: call.body["full"]?.bool ?? true)
            return (report, try file.problems(ledger, against: newest))
        }
        let problems = report.0.problems + report.1
        return Reply(
            200,
            [
                "ok": .bool(problems.isEmpty), "entries": .int(report.0.entries), "events": .int(report.0.events),
                "lines": .int(report.0.lines), "accounts": .int(report.0.accounts), "head": .string(Digest.hex(report.0.head)),
                "problems": .array(
                    problems.map {
                        ["kind": .string($0.kind.rawValue), "place": .string($0.place), "detail": .string($0.detail)]
                    }), "truncated": .bool(report.0.isTruncated),
            ])
    }

    private static let checkpointSchema: Schema = .object([
        .init("book", .string(), required: true), .init("entry", .integer(), required: true), .init("event", .integer(), required: true),
        .init("head", .string(), required: true), .init("taken_at", .instant, required: true),
        .init("signer", .string(), required: true), .init("signature", .string(), required: true),
    ])

    private static let listCheckpoints = Endpoint(
        .get, "/api/ledger/checkpoints", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "List the signed checkpoints of the chain", tag: "Ledger",
            replies: [.init(200, "All of them, oldest first.", Page.schema(of: checkpointSchema))])
    ) { call in
        let checkpoints = try call.ledger.checkpoints()
        return Reply(200, ["items": .array(checkpoints.map(\.value)), "next_cursor": .null])
    }

    private static let takeCheckpoint = Endpoint(
        .post, "/api/ledger/checkpoints", access: .permission("ledger.verify"), execution: .worker,
        documentation: .init(
            "Sign where the chain stands; a copy lies outside the database", tag: "Ledger",
            replies: [.init(201, "The checkpoint.", checkpointSchema)])
    ) { call in
        guard let tenant = call.tenant else { throw TenantDirectory.notFound }
        return Reply(201, try CheckpointFile(call.instance, tenant).take().value)
    }

    private static let export = Endpoint(
        .get, "/api/ledger/export", access: .permission("ledger.export"), execution: .read,
        documentation: .init(
            "Export the books for other programs to check", tag: "Ledger",
            query: [
                .init("format", .string(allowed: ExportFormat.allCases.map(\.rawValue)), "hledger unless said otherwise."),
                .init("through", .date, "Up to this day; today unless said otherwise."),
            ],
            replies: [
                .init(200, "A journal with our own balances as assertions at its end.", contentType: "text/plain; charset=utf-8")
            ])
    ) { call in
        let format: ExportFormat = try call.queryChoice("format") ?? .hledger
        let through = try call.queryDate("through") ?? (try call.bodyDate(""))
        let name = "\(format.rawValue)-\(through).\(format == .beancount ? "beancount" : "journal")"
        return Reply(
            contentType: "text/plain; charset=utf-8", headers: [("Content-Disposition", "attachment; filename=\"\(name)\"")]
        ) { call, put in
            try withoutActuallyEscaping(put) { put in
                try call.ledger.exportJournal(format, through: through, sink: put)
            }
        }
    }
}

extension Checkpoint {
    fileprivate var value: Value {
        [
            "book": .string(Digest.hex(book)), "entry": .int(entry), "event": .int(event), "head": .string(Digest.hex(head)),
            "taken_at": .string(takenAt.description), "signer": .string(Digest.hex(signer.rawBytes)),
            "signature": .string(Digest.hex(signature)),
        ]
    }
}
