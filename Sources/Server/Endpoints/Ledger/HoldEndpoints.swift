import Core
import Ledger
import Platform

/// `/api/ledger/holds`: amounts that are reserved until they are captured, voided or expire.
enum HoldEndpoints {
    static let all: [Endpoint] = [list, get, place, capture, void]

    private static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true), .init("kind", .string(), required: true, example: "deposit"),
        .init("state", .string(allowed: ["held", "partly_captured", "captured", "voided", "expired"]), required: true),
        .init("effective_on", .date, required: true), .init("expires_at", .nullable(.instant), required: true),
        .init(
            "source", .nullable(.object([.init("type", .string(), required: true), .init("id", .integer(), required: true)])),
            required: true, example: .null),
        .init(
            "lines",
            .array(
                .object([
                    .init("line", .integer(minimum: 1), required: true), .init("account", .string(), required: true, example: "1000"),
                    .init("side", .string(allowed: Side.allCases.map(\.rawValue)), required: true),
                    .init("amount", .money, required: true), .init("captured", .money, required: true),
                    .init("released", .money, required: true), .init("remaining", .money, required: true),
                    .init("currency", .string(), required: true, example: "GHS"),
                    .init("branch_id", .nullable(.integer()), required: true, example: .null),
                ])), required: true),
    ])

    private static let list = Endpoint(
        .get, "/api/ledger/holds", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "List the holds that are live", tag: "Ledger",
            query: Page.parameters,
            replies: [.init(200, "A page of holds, by number.", Page.schema(of: schema))])
    ) { call in
        let page = try Page(call)
        let rows = try call.ledger.liveHolds(after: try page.id(), limit: page.fetchLimit)
        return page.reply(rows, key: { [.int($0.id)] }, item: \.value)
    }

    private static let get = Endpoint(
        .get, "/api/ledger/holds/{id}", access: .permission("ledger.view"), execution: .read,
        documentation: .init("Show a hold", tag: "Ledger", replies: [.init(200, "The hold.", schema)])
    ) { call in Reply(200, try call.ledger.hold(try call.id()).value) }

    private static let place = Endpoint(
        .post, "/api/ledger/holds", access: .permission("ledger.hold"), execution: .write,
        documentation: .init(
            "Reserve amounts", tag: "Ledger",
            input: .object([
                .init("kind", .string(minLength: 1, maxLength: 64), "manual unless said otherwise.", example: "manual"),
                .init("effective_on", .date, "Today unless said otherwise."),
                .init("expires_at", .instant, "Never unless said."),
                .init(
                    "lines", .array(NewLine.schema, minItems: 2, maxItems: NewEntry.maximumLines), required: true,
                    example: [
                        ["account": "1000", "side": "debit", "amount": 1250],
                        ["account": "2000", "side": "credit", "amount": 1250],
                    ]),
                .init("conditions", .array(BalanceCondition.schema, maxItems: 100), example: .array([])),
            ]), replies: [.init(201, "It is held.", schema)])
    ) { call in
        let hold = try call.ledger.placeHold(
            NewHold(
                kind: call.body["kind"]?.string ?? "manual", effectiveOn: try call.bodyDate("effective_on"),
                expiresAt: try call.body["expires_at"]?.string.map { try Instant($0) }, actor: call.ledgerActor,
                lines: try NewLine.list(call.body["lines"]), conditions: BalanceCondition.list(call.body["conditions"])))
        return Reply(201, hold.value, headers: [("Location", "/api/ledger/holds/\(hold.id)")])
    }

    private static let capture = Endpoint(
        .post, "/api/ledger/holds/{id}/capture", access: .permission("ledger.hold"), execution: .write,
        documentation: .init(
            "Book what is held, or a part of it", tag: "Ledger",
            input: .object([
                .init("kind", .string(minLength: 1, maxLength: 64), "The hold's own unless said otherwise.", example: "manual"),
                .init("effective_on", .date, "Today unless said otherwise."),
                .init("memo", .string(maxLength: 500), example: "Collected"),
                .init(
                    "lines",
                    .array(
                        .object([
                            .init("line", .integer(minimum: 1, maximum: 4_095), required: true),
                            .init("amount", .integer(minimum: 1, maximum: NewLine.maximumAmount), required: true),
                        ]), minItems: 1, maxItems: NewEntry.maximumLines), "All that is left unless said otherwise."),
                .init("final", .boolean, "Lets go of what is not captured."),
            ]), replies: [.init(201, "The entry.", Entry.schema)])
    ) { call in
        let ledger = call.ledger
        let hold = try ledger.hold(try call.id())
        let lines = call.body["lines"]?.array?.map {
            CaptureLine(line: Int($0["line"]?.int ?? 0), amount: $0["amount"]?.int ?? 0)
        }
        let posted = try ledger.captureHold(
            Capture(
                hold: hold.id, lines: lines, isFinal: call.body["final"]?.bool ?? false,
                kind: call.body["kind"]?.string ?? hold.kind, effectiveOn: try call.bodyDate("effective_on"),
                actor: call.ledgerActor, memo: call.body["memo"]?.string, idempotencyKey: call.ledgerKey))
        return Reply(201, try ledger.entry(posted.id).value, headers: [("Location", "/api/ledger/entries/\(posted.id)")])
    }

    private static let void = Endpoint(
        .post, "/api/ledger/holds/{id}/void", access: .permission("ledger.hold"), execution: .write,
        documentation: .init(
            "Let go of what is held", tag: "Ledger",
            input: .object([
                .init("reason", .string(minLength: 1, maxLength: 500), required: true, example: "Customer changed their mind")
            ]), replies: [.init(200, "The hold as it is now.", schema)])
    ) { call in
        let ledger = call.ledger
        try ledger.voidHold(try call.id(), reason: try call.text("reason"), actor: call.ledgerActor)
        return Reply(200, try ledger.hold(try call.id()).value)
    }
}

extension Hold {
    fileprivate var value: Value {
        [
            "id": .int(id), "kind": .string(kind), "state": .string(state.rawValue),
            "effective_on": .string(effectiveOn.description), "expires_at": expiresAt.map { .string($0.description) } ?? .null,
            "source": source.map { ["type": .string($0.type), "id": .int($0.id)] } ?? .null,
            "lines": .array(
                lines.map { line in
                    [
                        "line": .int(Int64(line.number)), "account": .string(line.accountCode), "side": .string(line.side.rawValue),
                        "amount": .int(line.amount.minor), "captured": .int(line.captured), "released": .int(line.released),
                        "remaining": .int(line.remaining), "currency": .string(line.amount.currency.code),
                        "branch_id": line.branch.map { .int($0) } ?? .null,
                    ]
                }),
        ]
    }
}
