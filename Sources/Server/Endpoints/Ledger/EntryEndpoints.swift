import Core
import Ledger
import Platform

/// `/api/ledger/entries`
enum EntryEndpoints {
    static let all: [Endpoint] = [list, get, post, preview, reverse]

    private static let kind: Schema = .string(minLength: 1, maxLength: 64)

    private static let list = Endpoint(
        .get, "/api/ledger/entries", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "List journal entries, newest first", tag: "Ledger",
            query: Page.parameters + [
                .init("account", .string(), "With a line on this account."), .init("from", .date, "Effective on or after."),
                .init("through", .date, "Effective on or before."), .init("kind", .string(), "Of this kind."),
                .init("corrects", .integer(minimum: 1), "That correct this entry."),
                .init("source_type", .string(), "Of one document: its kind,"),
                .init("source_id", .integer(minimum: 1), "and its id."),
            ], replies: [.init(200, "A page of entries.", Page.schema(of: Entry.schema))])
    ) { call in
        let page = try Page(call)
        var filter = EntryFilter(
            account: call.queryValue("account").map { .code($0) }, from: try call.queryDate("from"),
            through: try call.queryDate("through"), kind: call.queryValue("kind"), corrects: try call.queryID("corrects"))
        if let type = call.queryValue("source_type") {
            guard let id = try call.queryID("source_id") else {
                throw Problem.invalid([.init(field: "source_id", code: "required", message: "is missing")])
            }
            filter.source = EntrySource(type: type, id: id)
        }
        let rows = try call.ledger.entries(filter, after: try cursor(page), limit: page.fetchLimit)
        return page.reply(rows, key: { [.string($0.effectiveOn.description), .int($0.id)] }, item: \.value)
    }

    private static func cursor(_ page: Page) throws -> EntryCursor? {
        if page.key.isEmpty { return nil }
        guard page.key.count == 2, let date = page.key[0].string.flatMap({ try? CalendarDate($0) }), let id = page.key[1].int
        else { throw Page.wrongCursor }
        return EntryCursor(effectiveOn: date, entry: id)
    }

    private static let get = Endpoint(
        .get, "/api/ledger/entries/{id}", access: .permission("ledger.view"), execution: .read,
        documentation: .init("Show a journal entry", tag: "Ledger", replies: [.init(200, "The entry.", Entry.schema)])
    ) { call in Reply(200, try call.ledger.entry(try call.id()).value) }

    private static let input: [Schema.Member] = [
        .init("effective_on", .date, "The business day that it counts for; today unless said otherwise."),
        .init("kind", kind, "manual unless said otherwise.", example: "manual"),
        .init("memo", .string(maxLength: 500), "For people; may be erased.", example: "Opening balance"),
        .init(
            "source",
            .object([.init("type", kind, required: true, example: "paper"), .init("id", .integer(minimum: 1), required: true)]),
            "The document that it stands for."),
        .init("corrects", .integer(minimum: 1), "The entry that it corrects in part."),
        .init(
            "lines", .array(NewLine.schema, minItems: 2, maxItems: NewEntry.maximumLines), required: true,
            "Debits equal credits in each currency.",
            example: [
                ["account": "1000", "side": "debit", "amount": 1250], ["account": "3000", "side": "credit", "amount": 1250],
            ]),
        .init(
            "conditions", .array(BalanceCondition.schema, maxItems: 100), "What must hold for it to be posted.",
            example: .array([])),
    ]

    private static let post = Endpoint(
        .post, "/api/ledger/entries", access: .permission("ledger.post"), execution: .write,
        documentation: .init(
            "Post a journal entry", tag: "Ledger", input: .object(input),
            replies: [.init(201, "It is posted, for good.", Entry.schema)])
    ) { call in
        let ledger = call.ledger
        let posted = try ledger.post(try call.newEntry())
        return Reply(
            201, try ledger.entry(posted.id).value, headers: [("Location", "/api/ledger/entries/\(posted.id)")])
    }

    private static let preview = Endpoint(
        .post, "/api/ledger/entries/preview", access: .permission("ledger.post"), execution: .read,
        documentation: .init(
            "Show what posting an entry would do, and do nothing", tag: "Ledger", input: .object(input),
            replies: [
                .init(
                    200, "It would be posted.",
                    .object([
                        .init("replays", .nullable(.integer()), required: true, "The entry that the key belongs to already.", example: .null),
                        .init(
                            "balances",
                            .array(
                                .object([
                                    .init("account", .string(), required: true, example: "1000"),
                                    .init("currency", .string(), required: true, example: "GHS"),
                                    .init("before", .money, required: true), .init("after", .money, required: true),
                                ])), required: true, "Of the accounts that it touches, positive on their normal side."),
                    ]))
            ])
    ) { call in
        let preview = try call.ledger.preview(try call.newEntry())
        return Reply(
            200,
            [
                "replays": preview.replays.map { .int($0) } ?? .null,
                "balances": .array(
                    preview.balances.map { change in
                        [
                            "account": .string(change.account.code), "currency": .string(change.account.currency.code),
                            "before": .int(change.before.posted(change.account.normalSide)),
                            "after": .int(change.after.posted(change.account.normalSide)),
                        ]
                    }),
            ])
    }

    private static let reverse = Endpoint(
        .post, "/api/ledger/entries/{id}/reverse", access: .permission("ledger.reverse"), execution: .write,
        documentation: .init(
            "Take an entry back by its mirror image", tag: "Ledger",
            input: .object([
                .init("reason", .string(minLength: 1, maxLength: 500), required: true, example: "Wrong account"),
                .init("effective_on", .date, "Not before the entry's own day; today unless said otherwise."),
            ]), replies: [.init(201, "The entry that undoes it.", Entry.schema)])
    ) { call in
        let ledger = call.ledger
        let posted = try ledger.reverse(
            entry: try call.id(), effectiveOn: try call.bodyDate("effective_on"), reason: try call.text("reason"),
            actor: call.ledgerActor, idempotencyKey: call.ledgerKey)
        return Reply(
            201, try ledger.entry(posted.id).value, headers: [("Location", "/api/ledger/entries/\(posted.id)")])
    }
}

extension Call {
    /// The idempotency key as it stays with an entry for ever: two users may choose the same.
    var ledgerKey: String? { idempotencyKey.map { "\(principal.userID):\($0)" } }

    fileprivate func newEntry() throws -> NewEntry {
        NewEntry(
            kind: body["kind"]?.string ?? "manual", effectiveOn: try bodyDate("effective_on"), actor: ledgerActor,
            lines: try NewLine.list(body["lines"]), memo: body["memo"]?.string,
            source: body["source"].flatMap { source in
                source["type"]?.string.flatMap { type in source["id"]?.int.map { EntrySource(type: type, id: $0) } }
            }, corrects: body["corrects"]?.int, idempotencyKey: ledgerKey, conditions: BalanceCondition.list(body["conditions"]))
    }
}
