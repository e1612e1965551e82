import Core
import Ledger
import Platform

/// `/api/ledger/periods/{month}/close-year`: the result of a year goes to equity.
enum YearEndEndpoints {
    static let all: [Endpoint] = [close, preview]

    private static let account = Schema.Member(
        "account", .string(minLength: 1, maxLength: 128), required: true, "The account of equity that takes the result.",
        example: "3100")

    private static let members: [Schema.Member] = [
        .init("month", .string(), required: true, "The last of the year.", example: "2026-12"),
        .init("effective_on", .date, required: true, "The day of the entries: the month's last."),
        .init("account", .string(), required: true, example: "3100"), .init("currency", .string(), required: true, example: "GHS"),
        .init("result", .money, required: true, "A profit is positive."),
        .init(
            "items",
            .array(
                .object([
                    .init("account", .string(), required: true, example: "4000"),
                    .init("name", .string(), required: true, example: "Sales"),
                    .init("kind", .string(allowed: [AccountKind.revenue, .expense].map(\.rawValue)), required: true),
                    .init("balance", .money, required: true, "Positive on the account's normal side."),
                ])), required: true, "The accounts that go to zero, as they stand before."),
    ]

    private static let close = Endpoint(
        .post, "/api/ledger/periods/{month}/close-year", access: .permission("ledger.close_period"), execution: .write,
        documentation: .init(
            "End a year with this month: revenue and expenses go to equity, by ordinary entries of kind closing", tag: "Ledger",
            pathParameters: PeriodEndpoints.path,
            input: .object([
                account, .init("memo", .string(maxLength: 500), "For people; may be erased.", example: "Year end"),
            ]),
            replies: [
                .init(
                    200, "It is posted; again, with what came since.",
                    .object(
                        members + [
                            .init(
                                "entries",
                                .array(
                                    .object([
                                        .init("id", .integer(), required: true),
                                        .init("number", .string(), required: true, example: "JE-000001"),
                                    ])), required: true, "None where all stood at zero."),
                        ]))
            ])
    ) { call in
        let ledger = call.ledger
        let end = try ledger.closeYear(
            through: try call.month(), into: .code(try call.text("account")), memo: call.body["memo"]?.string, actor: call.ledgerActor)
        var value = end.value
        value["entries"] = .array(end.entries.map { ["id": .int($0.id), "number": .string($0.numberText)] })
        if !end.entries.isEmpty {
            try Audit.append(
                call.database, call.actingUser, "period.year_closed", object: ("period", end.month.description), after: .object(value))
            try call.takeCheckpoint(ledger)
        }
        return Reply(200, .object(value))
    }

    private static let preview = Endpoint(
        .post, "/api/ledger/periods/{month}/close-year/preview", access: .permission("ledger.close_period"), execution: .read,
        documentation: .init(
            "Show what ending a year with this month would do, and do nothing", tag: "Ledger",
            pathParameters: PeriodEndpoints.path, input: .object([account]),
            replies: [.init(200, "It would be posted.", .object(members))])
    ) { call in
        let end = try call.ledger.previewYearEnd(
            through: try call.month(), into: .code(try call.text("account")), actor: call.ledgerActor)
        return Reply(200, .object(end.value))
    }
}

extension YearEnd {
    fileprivate var value: Object {
        [
            "month": .string(month.description), "effective_on": .string(month.lastDay.description),
            "account": .string(equity.code), "currency": .string(equity.currency.code), "result": .int(result.minor),
            "items": .array(
                rows.map { row in
                    [
                        "account": .string(row.account.code), "name": .string(row.account.name),
                        "kind": .string(row.account.kind.rawValue), "balance": .int(row.balance.minor),
                    ]
                }),
        ]
    }
}
