import Core
import Ledger
import Platform

/// `/api/ledger/accounts`
enum AccountEndpoints {
    static let all: [Endpoint] = [list, get, open, rename, limit, freeze, unfreeze, close]

    private static let path = [
        Endpoint.Documentation.Parameter("code", .string(minLength: 1, maxLength: 128), "The account's code.")
    ]
    private static let reason = Schema.Member(
        "reason", .string(minLength: 1, maxLength: 500), required: true, example: "Asked for by the auditor")

    private static let list = Endpoint(
        .get, "/api/ledger/accounts", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "List the chart of accounts", tag: "Ledger",
            query: Page.parameters + [
                .init("kind", .string(allowed: AccountKind.allCases.map(\.rawValue)), "Of this kind only."),
                .init("state", .string(allowed: AccountState.allCases.map(\.rawValue)), "In this state only."),
                .init("parent", .string(), "The sub-accounts of this account."),
                .init("prefix", .string(), "Whose codes begin so."),
            ], replies: [.init(200, "A page of accounts, by code.", Page.schema(of: Account.schema))])
    ) { call in
        let page = try Page(call)
        let filter = Ledger.AccountFilter(
            kind: try call.queryChoice("kind"), state: try call.queryChoice("state"),
            parent: call.queryValue("parent").map { .code($0) }, prefix: call.queryValue("prefix"))
        let ledger = call.ledger
        let rows = try ledger.accounts(filter, after: try page.text(), limit: page.fetchLimit)
        let parents = ParentCodes(ledger)
        let items = try rows.map { ($0.code, $0.value(parent: try parents.code(of: $0))) }
        return page.reply(items, key: { [.string($0.0)] }, item: \.1)
    }

    private static let get = Endpoint(
        .get, "/api/ledger/accounts/{code}", access: .permission("ledger.view"), execution: .read,
        documentation: .init(
            "Show an account", tag: "Ledger", pathParameters: path, replies: [.init(200, "The account.", Account.schema)])
    ) { call in Reply(200, try call.accountValue()) }

    private static let open = Endpoint(
        .post, "/api/ledger/accounts", access: .permission("ledger.edit_accounts"), execution: .write,
        documentation: .init(
            "Open an account", tag: "Ledger",
            input: .object([
                .init("code", .string(minLength: 1, maxLength: 64), required: true, example: "1010"),
                .init("name", .string(minLength: 1, maxLength: 200), required: true, example: "Bank"),
                .init("kind", .string(allowed: AccountKind.allCases.map(\.rawValue)), required: true),
                .init("normal_side", .string(allowed: Side.allCases.map(\.rawValue)), "The kind's own unless said otherwise."),
                .init("currency", .string(minLength: 3, maxLength: 8), "The tenant's unless said otherwise.", example: "GHS"),
                .init("parent", .string(minLength: 1, maxLength: 128), "An account of the same kind and currency.", example: "1000"),
                .init("is_control", .boolean, "Whether it takes lines through sub-accounts only."),
                .init("overdraft", .integer(minimum: 0), "How far below zero it may go, in minor units.", example: 0),
                .init("opened_on", .date, "The first day that may be posted."),
            ]), replies: [.init(201, "It is open.", Account.schema)])
    ) { call in
        let body = call.body
        var currency = call.tenant?.currency
        if let text = body["currency"]?.string {
            guard let known = try? Currency(text) else {
                throw Problem.invalid([.init(field: "currency", code: "not_allowed", message: "is not an ISO 4217 currency")])
            }
            currency = known
        }
        guard let currency, let kind = AccountKind(rawValue: try call.text("kind")) else { throw TenantDirectory.notFound }
        let new = NewAccount(
            code: try call.text("code"), name: try call.text("name"), kind: kind,
            normalSide: body["normal_side"]?.string.flatMap(Side.init), currency: currency, parentCode: body["parent"]?.string,
            isControl: body["is_control"]?.bool ?? false, limit: body["overdraft"]?.int.map { .overdraft($0) } ?? .none,
            openedOn: try body["opened_on"]?.string.map { try CalendarDate($0) })
        let account = try call.ledger.openAccount(new, actor: call.ledgerActor)
        return Reply(
            201, account.value(parent: new.parentCode), headers: [("Location", "/api/ledger/accounts/\(account.code)")])
    }

    private static let rename = Endpoint(
        .patch, "/api/ledger/accounts/{code}", access: .permission("ledger.edit_accounts"), execution: .write,
        documentation: .init(
            "Rename an account", tag: "Ledger", pathParameters: path,
            input: .object([.init("name", .string(minLength: 1, maxLength: 200), required: true, example: "Bank, main")]),
            replies: [.init(200, "The account as it is now.", Account.schema)])
    ) { call in
        try call.ledger.renameAccount(call.accountReference, name: try call.text("name"), actor: call.ledgerActor)
        return Reply(200, try call.accountValue())
    }

    private static let limit = Endpoint(
        .post, "/api/ledger/accounts/{code}/limit", access: .permission("ledger.edit_accounts"), execution: .write,
        documentation: .init(
            "Set how far below zero an account may go", tag: "Ledger", pathParameters: path,
            input: .object([
                .init("overdraft", .nullable(.integer(minimum: 0)), required: true, "Minor units; null for no limit.", example: 0),
                reason,
            ]), replies: [.init(200, "The account as it is now.", Account.schema)])
    ) { call in
        try call.ledger.setLimit(
            call.accountReference, call.body["overdraft"]?.int.map { .overdraft($0) } ?? .none, reason: try call.text("reason"),
            actor: call.ledgerActor)
        return Reply(200, try call.accountValue())
    }

    private static let freeze = Endpoint(
        .post, "/api/ledger/accounts/{code}/freeze", access: .permission("ledger.edit_accounts"), execution: .write,
        documentation: .init(
            "Take no more lines on an account", tag: "Ledger", pathParameters: path,
            input: .object([.init("side", .string(allowed: Side.allCases.map(\.rawValue)), "Both unless said."), reason]),
            replies: [.init(200, "The account as it is now.", Account.schema)])
    ) { call in
        try call.ledger.freeze(
            call.accountReference, side: call.body["side"]?.string.flatMap(Side.init), reason: try call.text("reason"),
            actor: call.ledgerActor)
        return Reply(200, try call.accountValue())
    }

    private static let unfreeze = Endpoint(
        .post, "/api/ledger/accounts/{code}/unfreeze", access: .permission("ledger.edit_accounts"), execution: .write,
        documentation: .init(
            "Take lines on an account again", tag: "Ledger", pathParameters: path, input: .object([reason]),
            replies: [.init(200, "The account as it is now.", Account.schema)])
    ) { call in
        try call.ledger.unfreeze(call.accountReference, reason: try call.text("reason"), actor: call.ledgerActor)
        return Reply(200, try call.accountValue())
    }

    private static let close = Endpoint(
        .post, "/api/ledger/accounts/{code}/close", access: .permission("ledger.edit_accounts"), execution: .write,
        documentation: .init(
            "Close an empty account for good", tag: "Ledger", pathParameters: path, input: .object([reason]),
            replies: [.init(200, "The account as it is now.", Account.schema)])
    ) { call in
        try call.ledger.closeAccount(call.accountReference, reason: try call.text("reason"), actor: call.ledgerActor)
        return Reply(200, try call.accountValue())
    }
}

extension Call {
    fileprivate var accountReference: AccountReference { .code(parameters["code"] ?? "") }

    /// - Throws: 404 `ledger.account_unknown`: here the account is the place, not a mistake in the body.
    fileprivate func accountValue() throws -> Value {
        let ledger = ledger
        guard let account = try ledger.findAccount(accountReference) else {
            throw Problem(404, "ledger.account_unknown", "There is no account \(accountReference).")
        }
        return account.value(parent: try ParentCodes(ledger).code(of: account))
    }
}

/// The codes of control accounts, looked up once each.
private final class ParentCodes {
    private let ledger: Ledger
    private var codes: [Int64: String] = [:]

    init(_ ledger: Ledger) {
        self.ledger = ledger
    }

    func code(of account: Account) throws -> String? {
        guard let id = account.parentID else { return nil }
        if let known = codes[id] { return known }
        let code = try ledger.account(.id(id)).code
        codes[id] = code
        return code
    }
}
