import Core
import Ledger
import Platform

/// `/api/ledger/reconciliations`: statements of banks and operators, and how the books agree with them.
enum ReconciliationEndpoints {
    static let all: [Endpoint] = sources + [lines, take, list, close] + MatchEndpoints.all

    static let base = "/api/ledger/reconciliations"
    static let sourcePath = base + "/sources/{id}"

    // MARK: Sources

    private static let sourceSchema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true), .init("name", .string(), required: true, example: "GCB 1441"),
        .init("account", .string(), required: true, example: "1100"), .init("currency", .string(), required: true, example: "GHS"),
        .init("from", .date, required: true, "The first day that is reconciled."),
        .init("opening_balance", .money, required: true, "What the statement states at the beginning of that day."),
    ])

    private static let sources = [
        Endpoint(
            .get, "/api/ledger/reconciliations/sources", access: .permission("ledger.view"), execution: .read,
            documentation: .init(
                "List where statements come from", tag: "Ledger", query: Page.parameters,
                replies: [.init(200, "A page of sources.", Page.schema(of: sourceSchema))])
        ) { call in
            let page = try Page(call)
            let rows = try call.ledger.reconciliationSources(after: try page.id(), limit: page.fetchLimit)
            return page.reply(rows, key: { [.int($0.id)] }, item: \.value)
        },
        Endpoint(
            .get, PathTemplate(sourcePath), access: .permission("ledger.view"), execution: .read,
            documentation: .init("Show a source of statements", tag: "Ledger", replies: [.init(200, "The source.", sourceSchema)])
        ) { call in Reply(200, try call.ledger.reconciliationSource(try call.id()).value) },
        Endpoint(
            .post, "/api/ledger/reconciliations/sources", access: .permission("ledger.reconcile"), execution: .write,
            documentation: .init(
                "Say once where the statements of an account come from, and from which day it is reconciled", tag: "Ledger",
                input: .object([
                    .init("name", .string(minLength: 1, maxLength: 200), required: true, example: "GCB 1441"),
                    .init("account", .string(minLength: 1, maxLength: 128), required: true, "The account's code.", example: "1100"),
                    .init("from", .date, required: true, example: "2026-01-01"),
                    .init("opening_balance", .integer(), "Minor units, positive on the account's normal side; 0 unless said.", example: 0),
                ]), replies: [.init(201, "The source.", sourceSchema)])
        ) { call in
            let source = try call.ledger.defineReconciliationSource(
                name: try call.text("name"), account: .code(try call.text("account")), from: try CalendarDate(try call.text("from")),
                opening: call.body["opening_balance"]?.int ?? 0, actor: call.ledgerActor)
            try Audit.append(
                call.database, call.actingUser, "reconciliation.source_defined", object: ("reconciliation_source", String(source.id)),
                after: source.value)
            return Reply(201, source.value, headers: [("Location", "\(base)/sources/\(source.id)")])
        },
        Endpoint(
            .get, PathTemplate(sourcePath + "/balance"), access: .permission("ledger.view"), execution: .read,
            documentation: .init(
                "Show how books and statement stand to each other at the end of a day", tag: "Ledger",
                query: [.init("as_of", .date, "Today unless said otherwise.")],
                replies: [
                    .init(
                        200, "book_balance = statement_balance + unmatched_book − unmatched_statement + difference.",
                        .object([
                            .init("source_id", .integer(), required: true), .init("as_of", .date, required: true),
                            .init("currency", .string(), required: true, example: "GHS"),
                            .init("statement_balance", .money, required: true), .init("book_balance", .money, required: true),
                            .init("unmatched_statement", .money, required: true, "On the statement only."),
                            .init("unmatched_statement_count", .integer(), required: true),
                            .init("unmatched_book", .money, required: true, "In the books only."),
                            .init("unmatched_book_count", .integer(), required: true),
                            .init("difference", .integer(), required: true, "What was different at the opening; else 0."),
                            .init("is_reconciled", .boolean, required: true, "It can be closed with this day."),
                        ]))
                ])
        ) { call in
            let asOf = try call.queryDate("as_of") ?? (try call.bodyDate(""))
            return Reply(200, try call.ledger.reconciliationBalance(of: try call.id(), asOf: asOf).value)
        },
    ]

    // MARK: Statements

    private static let lineSchema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true),
        .init("external_id", .string(), required: true, "The bank's, or one made from what the line says.", example: "FT260105"),
        .init("booked_on", .date, required: true),
        .init("amount", .money, required: true, "Positive on the account's normal side."),
        .init("currency", .string(), required: true, example: "GHS"),
        .init("balance", .nullable(.money), required: true, "After the line, as it was stated.", example: .null),
        .init("reference", .string(), required: true, example: "INV-2026-000017"),
        .init("details", .string(), required: true, example: "Transfer"),
        .init("match_id", .nullable(.integer()), required: true, example: .null),
    ])

    private enum LineState: String, CaseIterable { case matched, unmatched }

    private static let lines = Endpoint(
        .get, PathTemplate(sourcePath + "/lines"), access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "List the lines of the statements of a source", tag: "Ledger",
            query: Page.parameters + [
                .init("state", .string(allowed: LineState.allCases.map(\.rawValue)), "Only those that are in a match, or in none."),
                .init("through", .date, "Up to this day."),
            ], replies: [.init(200, "A page of lines, in their order.", Page.schema(of: lineSchema))])
    ) { call in
        let page = try Page(call)
        let state: LineState? = try call.queryChoice("state")
        let rows = try call.ledger.importedLines(
            of: try call.id(), isMatched: state.map { $0 == .matched }, through: try call.queryDate("through"), after: try page.id(),
            limit: page.fetchLimit)
        return page.reply(rows, key: { [.int($0.id)] }, item: \.value)
    }

    private static let take = Endpoint(
        .post, PathTemplate(sourcePath + "/import"), access: .permission("ledger.reconcile"), execution: .write, bodyLimit: 2 << 20,
        accepts: .bytes(["text/csv"]),
        documentation: .init(
            "Import a statement as CSV: date, amount, and id, reference, details, balance where there are; all of it or nothing",
            tag: "Ledger",
            replies: [
                .init(
                    200, "Lines that were there already are known again.",
                    .object([
                        .init("import_id", .nullable(.integer()), required: true, "Null where all were known.", example: 1),
                        .init("added", .integer(minimum: 0), required: true), .init("known", .integer(minimum: 0), required: true),
                        .init("balance", .money, required: true, "After the last line of the source."),
                        .init("currency", .string(), required: true, example: "GHS"),
                        .init("through", .nullable(.date), required: true, "The day of the last line."),
                    ]))
            ])
    ) { call in
        let ledger = call.ledger
        let source = try ledger.reconciliationSource(try call.id())
        let lines = try StatementFile.read(call.bodyBytes, currency: source.account.currency)
        let taken = try ledger.importStatement(lines, of: source.id, actor: call.ledgerActor)
        return Reply(
            200,
            [
                "import_id": taken.id.map { .int($0) } ?? .null, "added": .int(Int64(taken.added)), "known": .int(Int64(taken.known)),
                "balance": .int(taken.balance.minor), "currency": .string(taken.balance.currency.code),
                "through": taken.through.map { .string($0.description) } ?? .null,
            ])
    }

    // MARK: Closing

    private static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true), .init("source_id", .integer(minimum: 1), required: true),
        .init("as_of", .date, required: true), .init("currency", .string(), required: true, example: "GHS"),
        .init("statement_balance", .money, required: true), .init("book_balance", .money, required: true),
        .init("unmatched_book", .money, required: true, "In the books by that day, and on no statement then."),
        .init("known_entry", .integer(), required: true, "The last entry that was in it."),
        .init("closed_at", .instant, required: true), .init("actor_id", .integer(), required: true),
    ])

    private static let list = Endpoint(
        .get, "/api/ledger/reconciliations", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "List up to which days books and statements were found to agree", tag: "Ledger",
            query: Page.parameters + [.init("source_id", .integer(minimum: 1), "Of this source only.")],
            replies: [.init(200, "A page of reconciliations, in the order in which they were closed.", Page.schema(of: schema))])
    ) { call in
        let page = try Page(call)
        let rows = try call.ledger.reconciliations(of: try call.queryID("source_id"), after: try page.id(), limit: page.fetchLimit)
        return page.reply(rows, key: { [.int($0.id)] }, item: \.value)
    }

    private static let close = Endpoint(
        .post, "/api/ledger/reconciliations", access: .permission("ledger.reconcile"), execution: .write,
        documentation: .init(
            "Settle for good that books and statement agree on a day: every line of the statement is in the books", tag: "Ledger",
            input: .object([
                .init("source_id", .integer(minimum: 1), required: true), .init("as_of", .date, required: true),
                .init("statement_balance", .integer(), required: true, "As the statement states it, in minor units.", example: 125_000),
            ]), replies: [.init(201, "It is settled.", schema)])
    ) { call in
        let ledger = call.ledger
        let closed = try ledger.closeReconciliation(
            of: call.body["source_id"]?.int ?? 0, asOf: try CalendarDate(try call.text("as_of")),
            statementBalance: call.body["statement_balance"]?.int ?? 0, actor: call.ledgerActor)
        try Audit.append(
            call.database, call.actingUser, "reconciliation.closed", object: ("reconciliation", String(closed.id)), after: closed.value)
        try call.takeCheckpoint(ledger)
        return Reply(201, closed.value)
    }
}

extension ReconciliationSource {
    fileprivate var value: Value {
        [
            "id": .int(id), "name": .string(name), "account": .string(account.code), "currency": .string(account.currency.code),
            "from": .string(from.description), "opening_balance": .int(opening.minor),
        ]
    }
}

extension ImportedLine {
    fileprivate var value: Value {
        [
            "id": .int(id), "external_id": .string(externalID), "booked_on": .string(bookedOn.description), "amount": .int(amount.minor),
            "currency": .string(amount.currency.code), "balance": balance.map { .int($0.minor) } ?? .null,
            "reference": .string(reference), "details": .string(details), "match_id": match.map { .int($0) } ?? .null,
        ]
    }
}

extension ReconciliationBalance {
    fileprivate var value: Value {
        [
            "source_id": .int(source.id), "as_of": .string(asOf.description), "currency": .string(statement.currency.code),
            "statement_balance": .int(statement.minor), "book_balance": .int(book.minor),
            "unmatched_statement": .int(unmatchedStatement.minor), "unmatched_statement_count": .int(Int64(unmatchedStatementCount)),
            "unmatched_book": .int(unmatchedBook.minor), "unmatched_book_count": .int(Int64(unmatchedBookCount)),
            "difference": .int(difference), "is_reconciled": .bool(isReconciled),
        ]
    }
}

extension Reconciliation {
    fileprivate var value: Value {
        [
            "id": .int(id), "source_id": .int(source), "as_of": .string(asOf.description),
            "currency": .string(statementBalance.currency.code), "statement_balance": .int(statementBalance.minor),
            "book_balance": .int(bookBalance.minor), "unmatched_book": .int(unmatchedBook.minor), "known_entry": .int(knownEntry),
            "closed_at": .string(closedAt.description), "actor_id": .int(actorID),
        ]
    }
}
