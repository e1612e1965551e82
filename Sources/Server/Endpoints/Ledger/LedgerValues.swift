import Core
import Ledger
import Platform

// How the ledger's things look in JSON: amounts are integers in minor units with their currency beside them.

extension Account {
    /// - Parameter parent: the code of its control account.
    func value(parent: String?) -> Value {
        var object: Object = [
            "id": .int(id), "code": .string(code), "name": .string(name), "kind": .string(kind.rawValue),
            "normal_side": .string(normalSide.rawValue), "currency": .string(currency.code),
            "parent": parent.map { .string($0) } ?? .null, "is_control": .bool(isControl), "state": .string(state.rawValue),
        ]
        if case .overdraft(let minor) = limit { object["overdraft"] = .int(minor) } else { object["overdraft"] = .null }
        object["opened_on"] = openedOn.map { .string($0.description) } ?? .null
        return .object(object)
    }

    static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true),
        .init("code", .string(), required: true, "Unique and for ever.", example: "1000"),
        .init("name", .string(), required: true, example: "Cash"),
        .init("kind", .string(allowed: AccountKind.allCases.map(\.rawValue)), required: true),
        .init("normal_side", .string(allowed: Side.allCases.map(\.rawValue)), required: true, "The side on which it grows."),
        .init("currency", .string(), required: true, example: "GHS"),
        .init("parent", .nullable(.string()), required: true, "The code of its control account.", example: .null),
        .init("is_control", .boolean, required: true, "Takes no lines: its balance is the sum of its sub-accounts."),
        .init("state", .string(allowed: AccountState.allCases.map(\.rawValue)), required: true),
        .init("overdraft", .nullable(.money), required: true, "How far below zero it may go; null for no limit.", example: .null),
        .init("opened_on", .nullable(.date), required: true, "The first day that may be posted.", example: .null),
    ])
}

extension Entry {
    var value: Value {
        [
            "id": .int(id), "number": .string(numberText), "kind": .string(kind),
            "effective_on": .string(effectiveOn.description), "recorded_at": .string(recordedAt.description),
            "memo": memo.map { .string($0) } ?? .null,
            "source": source.map { ["type": .string($0.type), "id": .int($0.id)] } ?? .null,
            "actor": ["id": .int(actor.id), "label": .string(actor.label)],
            "rules_version": rulesVersion.map { .string($0) } ?? .null, "reverses": reverses.map { .int($0) } ?? .null,
            "corrects": corrects.map { .int($0) } ?? .null, "hold": hold.map { .int($0) } ?? .null,
            "digest": .string(Digest.hex(digest)), "lines": .array(lines.map(\.value)),
        ]
    }

    static let schema: Schema = .object([
        .init("id", .integer(minimum: 1), required: true),
        .init("number", .string(), required: true, example: "JE-000001"),
        .init("kind", .string(), required: true, example: "manual"),
        .init("effective_on", .date, required: true, "The business day that it counts for."),
        .init("recorded_at", .instant, required: true),
        .init("memo", .nullable(.string()), required: true, example: "Opening balance"),
        .init(
            "source", .nullable(.object([.init("type", .string(), required: true), .init("id", .integer(), required: true)])),
            required: true, "The document that it stands for.", example: .null),
        .init(
            "actor", .object([.init("id", .integer(), required: true), .init("label", .string(), required: true)]),
            required: true, example: ["id": 1, "label": "user"]),
        .init("rules_version", .nullable(.string()), required: true, example: .null),
        .init("reverses", .nullable(.integer()), required: true, "The entry that it takes back.", example: .null),
        .init("corrects", .nullable(.integer()), required: true, "The entry that it corrects in part.", example: .null),
        .init("hold", .nullable(.integer()), required: true, "The hold that it captures.", example: .null),
        .init("digest", .string(), required: true, "SHA-256 over it and all before it."),
        .init("lines", .array(Line.schema, minItems: 2), required: true),
    ])
}

extension Line {
    var value: Value {
        [
            "account": .string(accountCode), "side": .string(side.rawValue), "amount": .int(amount.minor),
            "currency": .string(amount.currency.code), "branch_id": branch.map { .int($0) } ?? .null,
            "dimensions": dimensions.map { .object($0) } ?? .null,
        ]
    }

    static let schema: Schema = .object([
        .init("account", .string(), required: true, example: "1000"),
        .init("side", .string(allowed: Side.allCases.map(\.rawValue)), required: true),
        .init("amount", .money, required: true, "Minor units."),
        .init("currency", .string(), required: true, example: "GHS"),
        .init("branch_id", .nullable(.integer()), required: true, example: .null),
        .init("dimensions", .nullable(.map(.any)), required: true, example: .null),
    ])
}

extension NewLine {
    static let schema: Schema = .object([
        .init("account", .string(minLength: 1, maxLength: 100), required: true, "The account's code.", example: "1000"),
        .init("side", .string(allowed: Side.allCases.map(\.rawValue)), required: true),
        .init("amount", .integer(minimum: 1, maximum: NewLine.maximumAmount), required: true, "Minor units.", example: 1250),
        .init("currency", .string(minLength: 3, maxLength: 8), "If given, it must be the account's.", example: "GHS"),
        .init("branch_id", .integer(minimum: 1)),
        .init("dimensions", .map(.any), "Further dimensions: texts, integers and booleans."),
    ])

    /// - Parameter value: as read by `schema`.
    init(_ value: Value, at place: String) throws {
        let code = value["account"]?.string ?? ""
        let side = Side(rawValue: value["side"]?.string ?? "") ?? .debit
        var currency: Currency?
        if let text = value["currency"]?.string {
            do { currency = try Currency(text) } catch {
                throw Problem.invalid([
                    .init(field: "\(place).currency", code: "not_allowed", message: "is not an ISO 4217 currency")
                ])
            }
        }
        self.init(
            .code(code), side, value["amount"]?.int ?? 0, currency: currency, branch: value["branch_id"]?.int,
            dimensions: value["dimensions"]?.object)
    }

    static func list(_ value: Value?) throws -> [NewLine] {
        try (value?.array ?? []).enumerated().map { try NewLine($1, at: "lines[\($0)]") }
    }
}

extension BalanceCondition {
    static let schema: Schema = .object([
        .init("account", .string(minLength: 1, maxLength: 100), required: true, example: "1000"),
        .init("measure", .string(allowed: ["posted", "pending", "available"])),
        .init("at_least", .integer(), "Of the balance as it would be after the entry, in minor units.", example: 0),
        .init("at_most", .integer(), example: 100_000),
        .init("version", .integer(minimum: 0), "Of the balance before the entry.", example: 3),
    ])

    static func list(_ value: Value?) -> [BalanceCondition] {
        (value?.array ?? []).map { item in
            BalanceCondition(
                .code(item["account"]?.string ?? ""), Measure(rawValue: item["measure"]?.string ?? "") ?? .available,
                atLeast: item["at_least"]?.int, atMost: item["at_most"]?.int, version: item["version"]?.int)
        }
    }
}

extension Call {
    /// The books, inside the call's own transaction.
    var ledger: Ledger { database.ledger(clock: instance.clock) }

    /// What the ledger writes down about who did it; for ever, so it is no name.
    var ledgerActor: LedgerActor {
        let label =
            switch principal.credential {
            case .token: "token"
            case .session: "user"
            case .local, .none: principal.kind == .operator ? "operator" : "service"
            }
        return LedgerActor(id: principal.userID, label: label)
    }

    /// A date in the query.
    /// - Throws: 422 `request.invalid`.
    func queryDate(_ name: String) throws -> CalendarDate? {
        guard let text = queryValue(name) else { return nil }
        guard let date = try? CalendarDate(text) else {
            throw Problem.invalid([.init(field: name, code: "type", message: "must be a date such as \"2026-01-31\"")])
        }
        return date
    }

    /// A date in the body, or the business date.
    func bodyDate(_ name: String) throws -> CalendarDate {
        if let text = body[name]?.string { return try CalendarDate(text) }
        guard let tenant else { throw TenantDirectory.notFound }
        return tenant.today(now)
    }
}

extension Call {
    /// A choice in the query.
    /// - Throws: 422 `request.invalid` for a word that is none of them.
    func queryChoice<Choice: RawRepresentable & CaseIterable>(_ name: String) throws -> Choice? where Choice.RawValue == String {
        guard let text = queryValue(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.invalid([.init(field: name, code: "not_allowed", message: "must be one of \(words)")])
        }
        return choice
    }

    /// A row id in the query.
    func queryID(_ name: String) throws -> Int64? {
        guard let text = queryValue(name) else { return nil }
        guard let id = Int64(text), id > 0 else {
            throw Problem.invalid([.init(field: name, code: "type", message: "must be a positive integer")])
        }
        return id
    }
}

extension Page {
    /// The key of a list that is ordered by a text: empty on the first page.
    func text() throws -> String {
        if key.isEmpty { return "" }
        guard key.count == 1, let text = key[0].string else { throw Self.wrongCursor }
        return text
    }
}
