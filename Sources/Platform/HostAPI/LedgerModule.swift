import Core
import Ledger

/// `ledger`: double-entry posting. The kernel refuses what does not balance, and what falls into a closed month.
enum LedgerModule {
    static let functions: [HostFunction] = [
        HostFunction(
            "ledger", "post", .posting,
            "post{ date =, kind =, memo =, source =, dimensions =, lines = { { account =, debit = or credit = }, … } }: the entry's id and number",
            post),
        HostFunction("ledger", "reverse", .posting, "reverse(entry id, { date =, reason = }): posts the entry's mirror image") { run, arguments in
            let options = try arguments.optionalObject(1)
            try run.mayPost(arguments)
            try run.scope.countWritten(rows: 10)
            let posted = try run.ledger.reverse(
                entry: try arguments.integer(0), effectiveOn: try date(options["date"], run, arguments),
                reason: options["reason"]?.string ?? "", actor: run.scope.actor.ledgerActor)
            return ["id": .int(posted.id), "number": .string(posted.numberText)]
        },
        HostFunction("ledger", "balance", .all, "balance(account, { as_of = }): posted balance, on the account's normal side") { run, arguments in
            let options = try arguments.optionalObject(1)
            try run.scope.countRead()
            let code = try arguments.text(0)
            let balance =
                try options["as_of"].map { _ in
                    try run.ledger.balance(.code(code), asOf: try date(options["as_of"], run, arguments))
                } ?? run.ledger.balance(.code(code))
            return .money(balance.posted)
        },
        HostFunction("ledger", "entries", .all, "entries{ source =, account =, limit = }: entries, oldest first") { run, arguments in
            let filter = try arguments.object(0)
            var query = EntryFilter()
            if let type = filter["source"]?["type"]?.string, let id = filter["source"]?["id"]?.int {
                query.source = EntrySource(type: type, id: id)
            }
            if let code = filter["account"]?.string { query.account = .code(code) }
            let limit = Int(filter["limit"]?.int ?? 50)
            guard (1...1_000).contains(limit) else { throw arguments.wrong(0, "must have a limit from 1 to 1,000") }
            let entries = try run.ledger.entries(query, limit: limit)
            try run.scope.countRead(rows: max(1, entries.count))
            return .array(entries.map(describe))
        },
        HostFunction("ledger", "account", .all, "account(code): code, name, kind and currency, or nil") { run, arguments in
            try run.scope.countRead()
            guard let account = try run.ledger.findAccount(.code(try arguments.text(0))) else { return .null }
            return [
                "code": .string(account.code), "name": .string(account.name), "kind": .string(account.kind.rawValue),
                "currency": .string(account.currency.code),
            ]
        },
        HostFunction("ledger", "begin", PhaseSet(.install, .upgrade), "begin(month): the first month of new books; those up to today follow") { run, arguments in
            try run.mayPost(arguments)
            guard let from = try? CalendarMonth(try arguments.text(0)) else { throw arguments.wrong(0, "must be a month such as \"2026-01\"") }
            if try run.ledger.periods(limit: 1).isEmpty {
                try run.ledger.definePeriods(from: from, through: run.scope.today.calendarMonth, actor: run.scope.actor.ledgerActor)
            }
            return .null
        },
        HostFunction("ledger", "open_account", .posting, "open_account{ code =, name =, kind = }: opens an account in the tenant's currency") { run, arguments in
            let given = try arguments.object(0)
            try run.mayPost(arguments)
            guard let code = given["code"]?.string, let name = given["name"]?.string,
                let kind = given["kind"]?.string.flatMap(AccountKind.init(rawValue:))
            else { throw arguments.wrong(0, "must have a code, a name and a kind (asset, liability, equity, revenue or expense)") }
            let currency = try given["currency"]?.string.map { code in try Currency(code) } ?? run.scope.tenant.currency
            try run.scope.countWritten()
            _ = try run.ledger.openAccount(
                NewAccount(code: code, name: name, kind: kind, currency: currency, parentCode: given["parent"]?.string),
                actor: run.scope.actor.ledgerActor)
            return .string(code)
        },
    ]

    private static func post(_ run: HostRun, _ arguments: Arguments) throws -> Value {
        let given = try arguments.object(0)
        try run.mayPost(arguments)
        let branch = given["dimensions"]?["branch"]?.int
        guard let items = given["lines"]?.items else { throw arguments.wrong(0, "must have lines") }
        var lines: [NewLine] = []
        lines.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            guard case .string(let account)? = item["account"] else {
                throw arguments.wrong(0, "must name an account in lines[\(index + 1)]")
            }
            let debit = item["debit"] ?? .null
            let credit = item["credit"] ?? .null
            guard (debit == .null) != (credit == .null), case .money(let amount) = debit == .null ? credit : debit else {
                throw arguments.wrong(0, "must have money as debit or as credit in lines[\(index + 1)]")
            }
            lines.append(
                NewLine(
                    .code(account), debit == .null ? .credit : .debit, amount.minor, currency: amount.currency,
                    branch: item["branch"]?.int ?? branch))
        }
        var source: EntrySource?
        if let type = given["source"]?["type"]?.string, let id = given["source"]?["id"]?.int { source = EntrySource(type: type, id: id) }
        try run.scope.countWritten(rows: 1 + lines.count)
        let posted = try run.ledger.post(
            NewEntry(
                kind: given["kind"]?.string ?? run.package?.name ?? "entry", effectiveOn: try date(given["date"], run, arguments),
                actor: run.scope.actor.ledgerActor, lines: lines, memo: given["memo"]?.string, source: source,
                rulesVersion: given["rules_version"]?.string))
        return ["id": .int(posted.id), "number": .string(posted.numberText)]
    }

    private static func date(_ value: Value?, _ run: HostRun, _ arguments: Arguments) throws -> CalendarDate {
        guard let value, value != .null else { return run.scope.today }
        guard case .string(let text) = value, let date = try? CalendarDate(text) else {
            throw arguments.wrong(0, "must have a date such as \"2026-01-31\"")
        }
        return date
    }

    private static func describe(_ entry: Entry) -> Value {
        [
            "id": .int(entry.id), "number": .string(entry.numberText), "kind": .string(entry.kind),
            "date": .string(entry.effectiveOn.description), "memo": entry.memo.map(Value.string) ?? .null,
            "lines": .array(entry.lines.map { line in
                [
                    "account": .string(line.accountCode), line.side.rawValue: .money(line.amount),
                ]
            }),
        ]
    }
}

extension HostRun {
    var ledger: Ledger { scope.ledger }

    /// - Throws: 403 `script.capability` where the plugin does not declare `capabilities.ledger.post`.
    fileprivate func mayPost(_ arguments: Arguments) throws {
        guard package?.manifest.capabilities["ledger"]?["post"] != nil else {
            throw Problem(
                403, "script.capability",
                "\(arguments.function): the plugin \(package?.name ?? "(a rule file)") has no capability to post. Name accounts in capabilities.ledger.post.")
        }
    }
}

extension ActingUser {
    package var ledgerActor: LedgerActor { LedgerActor(id: id, label: name) }
}
