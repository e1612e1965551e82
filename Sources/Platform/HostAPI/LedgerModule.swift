import Core
import Ledger
import Scripting

/// `ledger`: double-entry posting. The kernel refuses what does not balance, and what falls into a closed month.
enum LedgerModule {
    static let functions: [HostFunction] = [
        HostFunction(
            "ledger", "post", .posting,
            """
            post{ date =, kind =, memo =, source =, dimensions =, lines = { { account =, debit = or credit = }, … } }: the entry's id \
            and number; a line with name and kind opens its account where that is not there yet
            """,
            flat: post),
        HostFunction("ledger", "reverse", .posting, "reverse(entry id, { date =, reason = }): posts the entry's mirror image") { run, arguments in
            let id = try arguments.integer(0)
            let options = try arguments.options(1, "date", "reason")
            try run.scope.countRead()
            let entry = try run.ledger.entry(id)
            for line in entry.lines { try run.mayPost(arguments.function, to: line.accountCode) }
            try run.scope.countWritten(rows: 1 + entry.lines.count)
            let posted = try run.ledger.reverse(
                entry: id, effectiveOn: try options.date("date") ?? run.scope.today, reason: try options.text("reason") ?? "",
                actor: run.scope.actor.ledgerActor)
            return ["id": .int(posted.id), "number": .string(posted.numberText)]
        },
        HostFunction("ledger", "balance", .all, "balance(account, { as_of = }): posted balance, on the account's normal side") { run, arguments in
            let code = try arguments.text(0)
            let date = try arguments.options(1, "as_of").date("as_of")
            try run.mayRead(account: code, by: arguments.function)
            try run.scope.countRead()
            let balance = try date.map { try run.ledger.balance(.code(code), asOf: $0) } ?? run.ledger.balance(.code(code))
            return .money(balance.posted)
        },
        HostFunction("ledger", "entries", .all, "entries{ source =, account =, limit = }: entries, oldest first") { run, arguments in
            let filter = try arguments.options(0, "source", "account", "limit")
            var query = EntryFilter()
            query.source = try filter.object("source").map { try source(.object($0), arguments.function) }
            let account = try filter.text("account")
            query.account = account.map { .code($0) }
            try run.mayRead(entriesOf: query.source?.type, account: account, by: arguments.function)
            let limit = Int(try filter.integer("limit") ?? 50)
            guard (1...1_000).contains(limit) else { throw arguments.wrong(0, "must have a limit from 1 to 1,000") }
            let entries = try run.ledger.entries(query, limit: limit)
            try run.scope.countRead(rows: entries.reduce(1) { $0 + 1 + $1.lines.count })
            return .array(entries.map(describe))
        },
        HostFunction("ledger", "account", .all, "account(code): code, name, kind and currency, or nil") { run, arguments in
            let code = try arguments.text(0)
            try run.scope.countRead()
            guard let account = try run.ledger.findAccount(.code(code)) else { return .null }
            return [
                "code": .string(account.code), "name": .string(account.name), "kind": .string(account.kind.rawValue),
                "currency": .string(account.currency.code),
            ]
        },
        HostFunction("ledger", "begin", PhaseSet(.install, .upgrade), "begin(month): the first month of new books; those up to today follow") { run, arguments in
            guard let from = try? CalendarMonth(try arguments.text(0)) else { throw arguments.wrong(0, "must be a month such as \"2026-01\"") }
            try run.mayPost(arguments.function)
            if try run.ledger.periods(limit: 1).isEmpty {
                try run.ledger.definePeriods(from: from, through: run.scope.today.calendarMonth, actor: run.scope.actor.ledgerActor)
            }
            return .null
        },
        HostFunction("ledger", "open_account", .posting, "open_account{ code =, name =, kind = }: opens an account in the tenant's currency") { run, arguments in
            let given = try arguments.options(0, "code", "name", "kind", "currency", "parent")
            guard let code = try given.text("code"), let name = try given.text("name"),
                let kind = try given.text("kind").flatMap(AccountKind.init(rawValue:))
            else { throw arguments.wrong(0, "must have a code, a name and a kind (\(kinds))") }
            try run.mayPost(arguments.function, to: code)
            let currency = try given.text("currency").map { code in try Currency(code) } ?? run.scope.tenant.currency
            try run.scope.countWritten()
            _ = try run.ledger.openAccount(
                NewAccount(code: code, name: name, kind: kind, currency: currency, parentCode: try given.text("parent")),
                actor: run.scope.actor.ledgerActor)
            return .string(code)
        },
    ]

    private static func wrong(_ message: String) -> Problem {
        Problem(422, "script.argument", "ledger.post: argument 1 \(message).")
    }

    private static let kinds = AccountKind.allCases.map(\.rawValue).joined(separator: ", ")

    private static func source(_ value: Value, _ function: String) throws -> EntrySource {
        guard let type = value["type"]?.string, let id = value["id"]?.int else {
            throw Problem(422, "script.argument", "\(function): argument 1 must have a type and an id in source.")
        }
        return EntrySource(type: type, id: id)
    }

    private static func post(_ run: HostRun, _ arguments: inout FlatReader, _ results: inout FlatWriter) throws {
        try run.mayPost("ledger.post")
        var entry = NewEntry(kind: run.package?.name ?? "entry", effectiveOn: run.scope.today, actor: run.scope.actor.ledgerActor, lines: [])
        var branch: Int64?
        var openings: [Int: NewAccount] = [:]
        guard arguments.tag == .map else { throw wrong("must be a table with lines") }
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
            case "source": entry.source = value.readNull() ? nil : try source(try value.readValue(), "ledger.post")
            case "dimensions":
                try value.readMap { name, value in
                    guard name == "branch" else { throw wrong("has the dimension “\(name.string)”; there is branch") }
                    branch = try value.optionalInt()
                }
            case "lines": try value.readArray { entry.lines.append(try line(&$0, entry.lines.count + 1, run, &openings)) }
            default: throw wrong("has “\(key.string)”, which an entry does not know")
            }
        }
        for index in entry.lines.indices where entry.lines[index].branch == nil { entry.lines[index].branch = branch }
        try run.scope.countWritten(rows: 1 + entry.lines.count)
        let posted = try post(entry, opening: openings, run)
        results.beginMap(2)
        results.key("id")
        results.int(posted.id)
        results.key("number")
        results.string(posted.numberText)
    }

    /// Posts, and opens on the way the accounts that are not there yet and that their lines describe.
    private static func post(_ entry: NewEntry, opening openings: [Int: NewAccount], _ run: HostRun) throws -> PostedEntry {
        var openings = openings
        while true {
            do {
                return try run.ledger.post(entry)
            } catch LedgerError.accountUnknown(let code, let line) {
                guard let line, let account = openings.removeValue(forKey: line) else {
                    throw LedgerError.accountUnknown(code, line: line)
                }
                try run.scope.countWritten()
                try run.ledger.openAccount(account, actor: run.scope.actor.ledgerActor)
            }
        }
    }

    private static func line(
        _ reader: inout FlatReader, _ number: Int, _ run: HostRun, _ openings: inout [Int: NewAccount]
    ) throws -> NewLine {
        var name: String?
        var kind: String?
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
            case "name": name = try value.optionalString()
            case "kind": kind = try value.optionalString()
            default: throw wrong("has “\(key.string)” in lines[\(number)], which a line does not know")
            }
        }
        guard let account else { throw wrong("must name an account in lines[\(number)]") }
        guard (debit == nil) != (credit == nil), let amount = debit ?? credit else {
            throw wrong("must have money as debit or as credit in lines[\(number)]")
        }
        try run.mayPost("ledger.post", to: account)
        if let name {
            guard let kind = kind.flatMap(AccountKind.init(rawValue:)) else {
                throw wrong("must have a kind beside the name in lines[\(number)], one of \(kinds)")
            }
            openings[number - 1] = NewAccount(code: account, name: name, kind: kind, currency: amount.currency)
        }
        return NewLine(.code(account), debit == nil ? .credit : .debit, amount.minor, currency: amount.currency, branch: branch)
    }

    static func describe(_ entry: Entry) -> Value {
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

    /// - Parameter account: nil where no account is meant in particular.
    /// - Throws: 403 `script.capability` where the plugin does not name the account in `capabilities.ledger.post`.
    fileprivate func mayPost(_ function: String, to account: String? = nil) throws {
        if isTrusted { return }
        let granted = package?.manifest.postingAccounts ?? []
        let may = account.map { code in granted.contains { $0 == code || $0 == "*" || $0.last == "*" && code.hasPrefix($0.dropLast()) } }
        guard may ?? !granted.isEmpty else {
            let what = account.map { "to post to \($0)" } ?? "to post"
            throw Problem(
                403, "script.capability",
                "\(function): the plugin \(package?.name ?? "(a rule file)") has no capability \(what). Name accounts in capabilities.ledger.post.")
        }
    }
}

extension ActingUser {
    /// For the chain, which keeps it for ever: the user's id, and no name, which could not be erased.
    package var ledgerActor: LedgerActor { LedgerActor(id: id, label: id == 0 ? "kernel" : "user") }
}
