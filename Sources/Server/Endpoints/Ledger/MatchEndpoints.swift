import Core
import Ledger
import Platform

/// Matches of a source: proposed, confirmed, taken back; and what is in none.
enum MatchEndpoints {
    static let all: [Endpoint] = [proposals, list, confirm, unmatch, unmatched]

    private static let entryLine: Schema = .object([
        .init("entry_id", .integer(minimum: 1), required: true), .init("line", .integer(minimum: 1, maximum: 4_095), required: true),
    ])
    private static let kinds: Schema = .string(allowed: MatchKind.allCases.map(\.rawValue))

    private static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true), .init("kind", kinds, required: true),
        .init("statement_lines", .array(.integer(minimum: 1)), required: true), .init("entry_lines", .array(entryLine), required: true),
        .init("through", .date, required: true, "The last day of its lines."),
        .init("is_active", .boolean, required: true, "It was not taken back."),
    ])

    private static let proposals = Endpoint(
        .get, PathTemplate(ReconciliationEndpoints.sourcePath + "/proposals"), access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "Propose matches, by reference, amount and date; nothing is matched until it is confirmed", tag: "Ledger",
            query: [.init("days", .integer(minimum: 0, maximum: 60), "How far the days may be apart; 5 unless said otherwise.")],
            replies: [
                .init(
                    200, "Each line in one of them at most, by the statement's order.",
                    .object([
                        .init(
                            "items",
                            .array(
                                .object([
                                    .init("kind", kinds, required: true), .init("statement_lines", .array(.integer(minimum: 1)), required: true),
                                    .init("entry_lines", .array(entryLine), required: true), .init("amount", .money, required: true),
                                    .init("currency", .string(), required: true, example: "GHS"),
                                    .init("days_apart", .integer(minimum: 0), required: true),
                                ])), required: true),
                        .init("next_cursor", .nullable(.string()), required: true, "Always null: confirm some and ask again.", example: .null),
                    ]))
            ])
    ) { call in
        var days = 5
        if let text = call.queryValue("days") {
            guard let given = Int(text) else {
                throw Problem.invalid([.init(field: "days", code: "type", message: "must be an integer")])
            }
            days = given
        }
        let found = try call.ledger.proposeMatches(of: try call.id(), days: days)
        let items = found.map { proposal -> Value in
            [
                "kind": .string(proposal.kind.rawValue), "statement_lines": [.int(proposal.statementLine)],
                "entry_lines": .array(proposal.entryLines.map(\.value)), "amount": .int(proposal.amount.minor),
                "currency": .string(proposal.amount.currency.code), "days_apart": .int(Int64(proposal.daysApart)),
            ]
        }
        return Reply(200, ["items": .array(items), "next_cursor": .null])
    }

    private enum State: String, CaseIterable { case active, ended }

    private static let list = Endpoint(
        .get, PathTemplate(ReconciliationEndpoints.sourcePath + "/matches"), access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "List the matches of a source", tag: "Ledger",
            query: Page.parameters + [.init("state", .string(allowed: State.allCases.map(\.rawValue)), "Only those that stand, or were taken back.")],
            replies: [.init(200, "A page of matches.", Page.schema(of: schema))])
    ) { call in
        let page = try Page(call)
        let state: State? = try call.queryChoice("state")
        let rows = try call.ledger.matches(
            of: try call.id(), isActive: state.map { $0 == .active }, after: try page.id(), limit: page.fetchLimit)
        return page.reply(rows, key: { [.int($0.id)] }, item: \.value)
    }

    private static let confirm = Endpoint(
        .post, PathTemplate(ReconciliationEndpoints.sourcePath + "/matches"), access: .permission("ledger.reconcile"), execution: .write,
        documentation: .init(
            "Match lines of statements with lines of entries, many to many, their sums equal; all of it or nothing", tag: "Ledger",
            input: .object([
                .init(
                    "matches",
                    .array(
                        .object([
                            .init("kind", kinds, "manual unless said otherwise.", example: "manual"),
                            .init("statement_lines", .array(.integer(minimum: 1), maxItems: 1_000), example: [1]),
                            .init(
                                "entry_lines", .array(entryLine, maxItems: 1_000), "Of the source's account.",
                                example: [["entry_id": 1, "line": 1]]),
                        ]), minItems: 1, maxItems: 200), required: true)
            ]), replies: [.init(201, "They are matched.", .object([.init("items", .array(schema), required: true)]))])
    ) { call in
        let ledger = call.ledger
        let source = try call.id()
        let items = try (call.body["matches"]?.array ?? []).map { given in
            try ledger.match(
                (given["statement_lines"]?.array ?? []).compactMap(\.int),
                with: (given["entry_lines"]?.array ?? []).map {
                    EntryLineReference(entry: $0["entry_id"]?.int ?? 0, line: Int($0["line"]?.int ?? 0))
                }, of: source, kind: given["kind"]?.string.flatMap(MatchKind.init) ?? .manual, actor: call.ledgerActor)
        }
        return Reply(201, ["items": .array(items.map(\.value))])
    }

    private static let unmatch = Endpoint(
        .post, PathTemplate(ReconciliationEndpoints.base + "/matches/{id}/unmatch"), access: .permission("ledger.reconcile"), execution: .write,
        documentation: .init(
            "Take a match back that was not reconciled", tag: "Ledger",
            input: .object([.init("reason", .string(minLength: 1, maxLength: 500), required: true, example: "Another customer's")]),
            replies: [.init(200, "The match as it is now.", schema)])
    ) { call in
        let ledger = call.ledger
        let id = try call.id()
        try ledger.unmatch(id, reason: try call.text("reason"), actor: call.ledgerActor)
        let match = try ledger.match(id)
        try Audit.append(
            call.database, call.actingUser, "reconciliation.unmatched", object: ("match", String(id)), after: match.value,
            reason: try call.text("reason"))
        return Reply(200, match.value)
    }

    private static let unmatched = Endpoint(
        .get, PathTemplate(ReconciliationEndpoints.sourcePath + "/unmatched-entry-lines"), access: .permission("ledger.view"),
        execution: .read,
        documentation: .init(
            "List the lines of the books that no statement has by a day", tag: "Ledger",
            query: Page.parameters + [.init("as_of", .date, "Today unless said otherwise.")],
            replies: [
                .init(
                    200, "A page of lines, by day.",
                    Page.schema(
                        of: .object([
                            .init("entry_id", .integer(minimum: 1), required: true), .init("line", .integer(minimum: 1), required: true),
                            .init("effective_on", .date, required: true), .init("kind", .string(), required: true, example: "sale"),
                            .init("memo", .nullable(.string()), required: true, example: .null),
                            .init("amount", .money, required: true, "Positive on the account's normal side."),
                            .init("currency", .string(), required: true, example: "GHS"),
                        ])))
            ])
    ) { call in
        let page = try Page(call)
        let source = try call.ledger.reconciliationSource(try call.id())
        let asOf = try call.queryDate("as_of") ?? (try call.bodyDate(""))
        let rows = try call.ledger.unmatchedEntryLines(of: source, through: asOf, after: try cursor(page), limit: page.fetchLimit)
        return page.reply(
            rows, key: { [.string($0.effectiveOn.description), .int($0.reference.entry), .int(Int64($0.reference.line))] },
            item: { line in
                [
                    "entry_id": .int(line.reference.entry), "line": .int(Int64(line.reference.line)),
                    "effective_on": .string(line.effectiveOn.description), "kind": .string(line.kind),
                    "memo": line.memo.map { .string($0) } ?? .null, "amount": .int(line.amount.minor),
                    "currency": .string(line.amount.currency.code),
                ]
            })
    }

    private static func cursor(_ page: Page) throws -> Ledger.UnmatchedCursor? {
        if page.key.isEmpty { return nil }
        guard page.key.count == 3, let date = page.key[0].string.flatMap({ try? CalendarDate($0) }), let entry = page.key[1].int,
            let line = page.key[2].int, (1...4_095).contains(line)
        else { throw Page.wrongCursor }
        return Ledger.UnmatchedCursor(effectiveOn: date, reference: EntryLineReference(entry: entry, line: Int(line)))
    }
}

extension EntryLineReference {
    fileprivate var value: Value { ["entry_id": .int(entry), "line": .int(Int64(line))] }
}

extension Match {
    fileprivate var value: Value {
        [
            "id": .int(id), "kind": .string(kind.rawValue), "statement_lines": .array(statementLines.map { .int($0) }),
            "entry_lines": .array(entryLines.map(\.value)), "through": .string(through.description), "is_active": .bool(isActive),
        ]
    }
}
