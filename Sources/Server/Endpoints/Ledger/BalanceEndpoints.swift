import Core
import Ledger
import Platform

/// `/api/ledger/balances`, `/trial-balance` and `/accounts/{code}/statement`: what the books say, now, as of a day, and as it was
/// known at a point.
enum BalanceEndpoints {
    static let all: [Endpoint] = [balances, trialBalance, statement]

    private static let points: [Endpoint.Documentation.Parameter] = [
        .init("as_of", .date, "At the end of this day."),
        .init("known_at", .instant, "As it was known then: entries recorded later do not count."),
        .init("known_entry", .integer(minimum: 0), "As it was known when this was the last entry."),
    ]

    private static let balanceSchema: Schema = .object([
        .init("account", .string(), required: true, example: "1000"), .init("name", .string(), required: true, example: "Cash"),
        .init("kind", .string(allowed: AccountKind.allCases.map(\.rawValue)), required: true),
        .init("currency", .string(), required: true, example: "GHS"),
        .init("debits", .money, required: true), .init("credits", .money, required: true),
        .init("balance", .money, required: true, "Positive on the account's normal side."),
        .init("pending", .money, "With holds as if they were captured; now only."),
        .init("available", .money, "Less what is promised to go out; now only."),
        .init("version", .integer(), "For conditions of entries; now only."),
    ])

    private static let balances = Endpoint(
        .get, "/api/ledger/balances", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "Show the balances of accounts, sub-accounts added up", tag: "Ledger",
            query: [.init("account", .string(), "The code; several times for several accounts. Without it: a page of all.")]
                + points + Page.parameters,
            replies: [
                .init(
                    200, "The balances.",
                    .object([
                        .init("items", .array(balanceSchema), required: true),
                        .init("next_cursor", .nullable(.string()), required: true, example: .null),
                        .init("known_entry", .integer(), required: true, "The last entry that is in it."),
                    ]))
            ])
    ) { call in
        let ledger = call.ledger
        let page = try Page(call)
        let asOf = try call.queryDate("as_of")
        let known = try call.knownAt()
        let named = call.query.filter { $0.name == "account" }.map(\.value)
        guard named.count <= Page.longestLimit else {
            throw Problem.invalid([.init(field: "account", code: "too_many", message: "may be there \(Page.longestLimit) times")])
        }
        var codes = named
        var hasMore = false
        if named.isEmpty {
            codes = try ledger.accounts(after: try page.text(), limit: page.fetchLimit).map(\.code)
            hasMore = codes.count > page.limit
            codes = Array(codes.prefix(page.limit))
        }
        var knownEntry: Int64 = 0
        let items = try codes.map { code in
            let isNow = asOf == nil && known == .now
            let balance =
                isNow
                ? try ledger.rolledUpBalance(.code(code))
                : try ledger.balance(.code(code), asOf: asOf, knownAt: known, rollUp: true)
            knownEntry = balance.knownAs
            return balance.value(isNow: isNow)
        }
        let next: Value = hasMore ? .string(Base64URL.encode(JSON.serialize(.array([.string(codes.last ?? "")])))) : .null
        return Reply(200, ["items": .array(items), "next_cursor": next, "known_entry": .int(knownEntry)])
    }

    private static let trialBalance = Endpoint(
        .get, "/api/ledger/trial-balance", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "Show the trial balance", tag: "Ledger",
            query: points + [.init("after", .date, "Only what moved after this day.")],
            replies: [
                .init(
                    200, "Every account that moved, by code, and the totals in each currency.",
                    .object([
                        .init("as_of", .nullable(.date), required: true), .init("known_entry", .integer(), required: true),
                        .init("balanced", .boolean, required: true, "Debits equal credits in every currency."),
                        .init("items", .array(balanceSchema), required: true),
                        .init(
                            "totals",
                            .array(
                                .object([
                                    .init("currency", .string(), required: true, example: "GHS"),
                                    .init("debits", .money, required: true), .init("credits", .money, required: true),
                                ])), required: true),
                    ]))
            ])
    ) { call in
        let trial = try call.ledger.trialBalance(
            after: try call.queryDate("after"), asOf: try call.queryDate("as_of"), knownAt: try call.knownAt())
        let totals = try trial.totals
        return Reply(
            200,
            [
                "as_of": trial.asOf.map { .string($0.description) } ?? .null, "known_entry": .int(trial.knownAs),
                "balanced": .bool(try trial.isBalanced),
                "items": .array(
                    trial.rows.map { row in
                        [
                            "account": .string(row.account.code), "name": .string(row.account.name),
                            "kind": .string(row.account.kind.rawValue), "currency": .string(row.account.currency.code),
                            "debits": .int(row.debits), "credits": .int(row.credits), "balance": .int(row.balance.minor),
                        ]
                    }),
                "totals": .array(
                    totals.map {
                        ["currency": .string($0.currency.code), "debits": .int($0.debits), "credits": .int($0.credits)]
                    }),
            ])
    }

    private static let statement = Endpoint(
        .get, "/api/ledger/accounts/{code}/statement", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "Show the lines of an account with the balance after each", tag: "Ledger",
            query: Page.parameters + [
                .init("from", .date, "The first day; the month's first unless said otherwise."),
                .init("through", .date, "The last day; today unless said otherwise."),
            ],
            replies: [
                .init(
                    200, "A page of lines, by date.",
                    .object([
                        .init("account", .string(), required: true, example: "1000"),
                        .init("currency", .string(), required: true, example: "GHS"),
                        .init("opening", .money, required: true), .init("closing", .money, required: true),
                        .init("items", .array(.map(.any)), required: true),
                        .init("next_cursor", .nullable(.string()), required: true, example: .null),
                    ]))
            ])
    ) { call in
        let page = try Page(call)
        let today = try call.bodyDate("")
        let statement = try call.ledger.statement(
            .code(call.parameters["code"] ?? ""), from: try call.queryDate("from") ?? today.calendarMonth.firstDay,
            through: try call.queryDate("through") ?? today, after: try cursor(page), limit: page.limit)
        let next: Value =
            statement.next.map { next in
                .string(
                    Base64URL.encode(
                        JSON.serialize(
                            .array([.string(next.effectiveOn.description), .int(next.entry), .int(next.line)]))))
            } ?? .null
        return Reply(
            200,
            [
                "account": .string(statement.account.code), "currency": .string(statement.account.currency.code),
                "opening": .int(statement.opening.minor), "closing": .int(statement.closing.minor),
                "items": .array(statement.lines.map(\.value)), "next_cursor": next,
            ])
    }

    private static func cursor(_ page: Page) throws -> AccountStatement.Cursor? {
        if page.key.isEmpty { return nil }
        guard page.key.count == 3, let date = page.key[0].string.flatMap({ try? CalendarDate($0) }),
            let entry = page.key[1].int, let line = page.key[2].int
        else { throw Page.wrongCursor }
        return AccountStatement.Cursor(effectiveOn: date, entry: entry, line: line)
    }
}

extension StatementLine {
    fileprivate var value: Value {
        [
            "entry": .int(entry), "line": .int(Int64(line)), "effective_on": .string(effectiveOn.description),
            "kind": .string(kind), "source": source.map { ["type": .string($0.type), "id": .int($0.id)] } ?? .null,
            "memo": memo.map { .string($0) } ?? .null, "side": .string(side.rawValue), "amount": .int(amount.minor),
            "currency": .string(amount.currency.code), "balance": .int(balance.minor),
        ]
    }
}

extension AccountBalance {
    fileprivate func value(isNow: Bool) -> Value {
        var object: Object = [
            "account": .string(account.code), "name": .string(account.name), "kind": .string(account.kind.rawValue),
            "currency": .string(account.currency.code), "debits": .int(debits), "credits": .int(credits),
            "balance": .int(posted.minor),
        ]
        if isNow {
            object["pending"] = .int(pending.minor)
            object["available"] = .int(available.minor)
            object["version"] = .int(version)
        }
        return .object(object)
    }
}

extension Call {
    fileprivate func knownAt() throws -> KnownAt {
        if let text = queryValue("known_entry") {
            guard let entry = Int64(text), entry >= 0 else {
                throw Problem.invalid([.init(field: "known_entry", code: "type", message: "must be an entry's number")])
            }
            return .entry(entry)
        }
        guard let text = queryValue("known_at") else { return .now }
        guard let instant = try? Instant(text) else {
            throw Problem.invalid([
                .init(field: "known_at", code: "type", message: "must be an instant such as \"2026-01-31T09:30:00.000Z\"")
            ])
        }
        return .instant(instant)
    }
}
