import Core
import Ledger
import Scripting

/// `ledger`: double-entry posting. The kernel refuses what does not balance, and what falls into a closed month.
enum LedgerModule {
    static let functions: [HostFunction] = [
        HostFunction(
            "ledger", "post", .posting,
            "post{ date =, kind =, memo =, source =, dimensions =, lines = { { account =, debit = or credit = }, … } }: the entry's id and number",
            flat: post),
        HostFunction("ledger", "reverse", .posting, "reverse(entry id, { date =, reason = }): posts the entry's mirror image") { run, arguments in
            let options = try arguments.optionalObject(1)
            try run.mayPost(arguments.function)
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
            try run.mayPost(arguments.function)
            guard let from = try? CalendarMonth(try arguments.text(0)) else { throw arguments.wrong(0, "must be a month such as \"2026-01\"") }
            if try run.ledger.periods(limit: 1).isEmpty {
                try run.ledger.definePeriods(from: from, through: run.scope.today.calendarMonth, actor: run.scope.actor.ledgerActor)
            }
            return .null
        },
        HostFunction("ledger", "open_account", .posting, "open_account{ code =, name =, kind = }: opens an account in the tenant's currency") { run, arguments in
            let given = try arguments.object(0)
            try run.mayPost(arguments.function)
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

    private static func wrong(_ message: String) -> Problem {
        Problem(422, "script.argument", "ledger.post: argument 1 \(message).")
    }

    private static func post(_ run: HostRun, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        try run.mayPost("ledger.post")
        var entry = NewEntry(kind: run.package?.name ?? "entry", effectiveOn: run.scope.today, actor: run.scope.actor.ledgerActor, lines: [])
        var branch: Int64?
        try arguments.readMap { key, value in
            switch key {
            case "date":
                guard value.tag != .null else { return }
                guard value.tag == .string, let date = try? CalendarDate(try value.readString()) else {
                    throw wrong("must have a date such as \"2026-01-31\"")
                }
                entry.effectiveOn = date
            case "kind": entry.kind = try value.optionalString() ?? entry.kind
            case "memo": entry.memo = try value.optionalString()
            case "rules_version": entry.rulesVersion = try value.optionalString()
            case "source":
                let source = try value.readValue()
                if let type = source["type"]?.string, let id = source["id"]?.int { entry.source = EntrySource(type: type, id: id) }
            case "dimensions": branch = try value.readValue()["branch"]?.int
            case "lines": try value.readArray { entry.lines.append(try line(&$0, entry.lines.count + 1)) }
            default: throw wrong("has “\(key.string)”, which an entry does not know")
            }
        }
        for index in entry.lines.indices where entry.lines[index].branch == nil { entry.lines[index].branch = branch }
        try run.scope.countWritten(rows: 1 + entry.lines.count)
        let posted = try run.ledger.post(entry)
        results.beginMap(2)
        results.key("id")
        results.int(posted.id)
        results.key("number")
        results.string(posted.numberText)
    }

    private static func line(_ reader: inout FlatReader, _ number: Int) throws -> NewLine {
        var account: String?
        var debit: Money?
        var credit: Money?
        var branch: Int64?
        try reader.readMap { key, value in
            switch key {
            case "account": account = try value.optionalString()
            case "debit": debit = try value.optionalMoney()
            case "credit": credit = try value.optionalMoney()
            case "branch": branch = try value.optionalInt()
            default: throw wrong("has “\(key.string)” in lines[\(number)], which a line does not know")
            }
        }
        guard let account else { throw wrong("must name an account in lines[\(number)]") }
        guard (debit == nil) != (credit == nil), let amount = debit ?? credit else {
            throw wrong("must have money as debit or as credit in lines[\(number)]")
        }
        return NewLine(.code(account), debit == nil ? .credit : .debit, amount.minor, currency: amount.currency, branch: branch)
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
    fileprivate func mayPost(_ function: String) throws {
        guard package?.manifest.capabilities["ledger"]?["post"] != nil else {
            throw Problem(
                403, "script.capability",
                "\(function): the plugin \(package?.name ?? "(a rule file)") has no capability to post. Name accounts in capabilities.ledger.post.")
        }
    }
}

extension ActingUser {
    /// For the chain, which keeps it for ever: the user's id, and no name, which could not be erased.
    package var ledgerActor: LedgerActor { LedgerActor(id: id, label: id == 0 ? "kernel" : "user") }
}
