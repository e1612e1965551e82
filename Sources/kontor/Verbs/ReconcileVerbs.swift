import Core

/// `kontor ledger reconcile …`: statements of banks, and how the books agree with them.
enum ReconcileVerbs {
    private static let base = "/api/ledger/reconciliations"

    static let all = [
        Verb("ledger reconcile sources", "", "List where statements come from", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let sources = try api.all(base + "/sources", at: place)
            var table = Table(("ID", .right), ("NAME", .left), ("ACCOUNT", .left), ("FROM", .left), ("OPENING", .right), ("CURRENCY", .left))
            for source in sources {
                table.add(
                    source.text("id"), source.text("name"), source.text("account"), source.text("from"), source.amount("opening_balance"),
                    source.text("currency"))
            }
            invocation.answer(["items": .array(sources)]) { table.text }
            return .done
        },
        Verb(
            "ledger reconcile begin", "NAME", "Say once where the statements of an account come from, and from which day it is reconciled",
            options: [
                .tenant, Option("account", "CODE", "The account in the books"), Option("from", "DATE", "The first day"),
                Option("opening", "AMOUNT", "What the statement states at the beginning of that day (else 0)"),
            ]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let arguments = invocation.arguments
            let account = try arguments.required("account")
            var body: Object = [
                "name": .string(try arguments.word(0, "NAME")), "account": .string(account), "from": .string(try arguments.required("from")),
            ]
            if let text = arguments["opening"] {
                let known = try api.ask("GET", "/api/ledger/accounts/\(account.percentEncoded)", at: place)
                body["opening_balance"] = .int(try minor(text, known, "opening"))
            }
            let source = try api.ask("POST", base + "/sources", .object(body), at: place)
            invocation.answer(source) { "\(source.text("name")) is source \(source.text("id"))" }
            return .done
        },
        Verb(
            "ledger reconcile import", "SOURCE FILE", "Import a statement: a CSV file, all of it or nothing", options: [.tenant],
            details: "Columns: date, amount, and id, reference, details, balance where there are. Lines that are there already are known again."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let path = try path(invocation) + "/import"
            let bytes = try Files.read(Paths.absolute(try invocation.arguments.word(1, "FILE")), limit: 2 << 20)
            let taken = try JSON.parse(try api.send("POST", path, (bytes, "text/csv"), at: place))
            invocation.answer(taken) {
                "\(taken.text("added")) lines are new, \(taken.text("known")) were known; the balance is \(taken.amount("balance")) \(taken.text("currency"))"
            }
            return .done
        },
        Verb(
            "ledger reconcile lines", "SOURCE", "List the lines of the statements",
            options: [.tenant, Option("state", "WORD", "Only those that are matched or unmatched"), Option("through", "DATE", "Up to this day")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let lines = try api.all(try path(invocation) + "/lines" + query(invocation, ["state", "through"]), at: place)
            var table = Table(("ID", .right), ("DATE", .left), ("AMOUNT", .right), ("BALANCE", .right), ("REFERENCE", .left), ("DETAILS", .left), ("MATCH", .right))
            for line in lines {
                table.add(
                    line.text("id"), line.text("booked_on"), line.amount("amount"), line.amount("balance"), line.text("reference"), line.text("details"),
                    line.text("match_id"))
            }
            invocation.answer(["items": .array(lines)]) { table.text }
            return .done
        },
        Verb(
            "ledger reconcile unmatched", "SOURCE", "List the lines of the books that no statement has",
            options: [.tenant, Option("as-of", "DATE", "By the end of that day (else today)")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let lines = try api.all(try path(invocation) + "/unmatched-entry-lines" + query(invocation, ["as-of"]), at: place)
            var table = Table(("ENTRY:LINE", .left), ("DATE", .left), ("AMOUNT", .right), ("CURRENCY", .left), ("MEMO", .left))
            for line in lines {
                table.add("\(line.text("entry_id")):\(line.text("line"))", line.text("effective_on"), line.amount("amount"), line.text("currency"), line.text("memo"))
            }
            invocation.answer(["items": .array(lines)]) { table.text }
            return .done
        },
        Verb(
            "ledger reconcile balance", "SOURCE", "Show how books and statement stand to each other",
            options: [.tenant, Option("as-of", "DATE", "At the end of that day (else today)")],
            details: "Ends with 1 where the day cannot be closed yet."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let balance = try api.ask("GET", try path(invocation) + "/balance" + query(invocation, ["as-of"]), at: place)
            invocation.answer(balance) {
                """
                statement  \(balance.amount("statement_balance")) \(balance.text("currency")) on \(balance.text("as_of"))
                books      \(balance.amount("book_balance"))
                on the statement only  \(balance.amount("unmatched_statement")) in \(balance.text("unmatched_statement_count")) lines
                in the books only      \(balance.amount("unmatched_book")) in \(balance.text("unmatched_book_count")) lines
                \(balance["is_reconciled"] == true ? "it can be closed" : "it cannot be closed yet")
                """
            }
            return balance["is_reconciled"] == true ? .done : .refused
        },
        Verb(
            "ledger reconcile propose", "SOURCE", "Propose matches, by reference, amount and date",
            options: [.tenant, Option("days", "N", "How far the days may be apart (else 5)"), Option("confirm", nil, "Confirm all of them")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let source = try path(invocation)
            let found = try api.ask("GET", source + "/proposals" + query(invocation, ["days"]), at: place)["items"]?.array ?? []
            var table = matchTable
            for proposal in found { add(proposal, to: &table) }
            guard invocation.arguments.has("confirm"), !found.isEmpty else {
                invocation.answer(["items": .array(found)]) { table.text }
                return .done
            }
            var made: [Value] = []
            // At most two hundred go at once.
            for start in stride(from: 0, to: found.count, by: 200) {
                let matches = found[start..<min(start + 200, found.count)].map { proposal -> Value in
                    [
                        "kind": proposal["kind"] ?? .null, "statement_lines": proposal["statement_lines"] ?? .null,
                        "entry_lines": proposal["entry_lines"] ?? .null,
                    ]
                }
                made += try api.ask("POST", source + "/matches", ["matches": .array(matches)], at: place)["items"]?.array ?? []
            }
            invocation.answer(["items": .array(made)]) { table.text + "\(made.count) matches are confirmed" }
            return .done
        },
        Verb(
            "ledger reconcile match", "SOURCE", "Match lines of statements with lines of the books, their sums equal",
            options: [.tenant, Option("line", "ID", "A statement's line (repeat)"), Option("entry", "ENTRY:LINE", "A line of the books (repeat)")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let lines = try invocation.arguments.all("line").map { text -> Value in
                guard let id = Int64(text) else { throw UsageError("--line must be an integer") }
                return .int(id)
            }
            let entries = try invocation.arguments.all("entry").map { text -> Value in
                let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
                guard parts.count == 2, let entry = parts[0], let line = parts[1] else { throw UsageError("--entry must be ENTRY:LINE, such as 17:1") }
                return ["entry_id": .int(entry), "line": .int(line)]
            }
            let answer = try api.ask(
                "POST", try path(invocation) + "/matches", ["matches": [["statement_lines": .array(lines), "entry_lines": .array(entries)]]], at: place)
            invocation.answer(answer) { "match \(answer["items"]?[0]?.text("id") ?? "")" }
            return .done
        },
        Verb(
            "ledger reconcile matches", "SOURCE", "List the matches",
            options: [.tenant, Option("state", "WORD", "Only those that stand (active), or were taken back (ended)")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let matches = try api.all(try path(invocation) + "/matches" + query(invocation, ["state"]), at: place)
            var table = matchTable
            for match in matches { add(match, to: &table) }
            invocation.answer(["items": .array(matches)]) { table.text }
            return .done
        },
        Verb(
            "ledger reconcile unmatch", "MATCH", "Take a match back that was not closed yet", options: [.tenant, Option("reason", "TEXT", "Why, for the record")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let id = try invocation.arguments.word(0, "MATCH")
            let match = try api.ask(
                "POST", base + "/matches/\(id.percentEncoded)/unmatch", ["reason": .string(try invocation.arguments.required("reason"))], at: place)
            invocation.answer(match) { "match \(match.text("id")) is taken back" }
            return .done
        },
        Verb(
            "ledger reconcile close", "SOURCE", "Settle for good that books and statement agree on a day",
            options: [.tenant, Option("as-of", "DATE", "The day"), Option("balance", "AMOUNT", "As the statement states it")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let word = try invocation.arguments.word(0, "SOURCE")
            let day = try invocation.arguments.required("as-of")
            let text = try invocation.arguments.required("balance")
            let source = try api.ask("GET", try path(invocation), at: place)
            let closed = try api.ask(
                "POST", base, ["source_id": .int(Int64(word) ?? 0), "as_of": .string(day), "statement_balance": .int(try minor(text, source, "balance"))],
                at: place)
            invocation.answer(closed) { "\(source.text("name")) agrees up to \(closed.text("as_of")): \(closed.amount("statement_balance")) \(closed.text("currency"))" }
            return .done
        },
        Verb(
            "ledger reconcile list", "[SOURCE]", "List up to which days books and statements were found to agree", options: [.tenant]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let source = invocation.arguments.words.first.map { "?source_id=\($0.percentEncoded)" } ?? ""
            let closed = try api.all(base + source, at: place)
            var table = Table(("ID", .right), ("SOURCE", .right), ("AS OF", .left), ("STATEMENT", .right), ("BOOKS", .right), ("CURRENCY", .left))
            for row in closed {
                table.add(
                    row.text("id"), row.text("source_id"), row.text("as_of"), row.amount("statement_balance"), row.amount("book_balance"), row.text("currency"))
            }
            invocation.answer(["items": .array(closed)]) { table.text }
            return .done
        },
    ]

    private static func path(_ invocation: Invocation) throws -> String {
        "\(base)/sources/\(try invocation.arguments.word(0, "SOURCE").percentEncoded)"
    }

    /// The given options as a query: `--as-of` is `as_of`.
    private static func query(_ invocation: Invocation, _ names: [String]) -> String {
        let given = names.compactMap { name in invocation.arguments[name].map { "\(name.replacing("-", with: "_"))=\($0.percentEncoded)" } }
        return given.isEmpty ? "" : "?" + given.joined(separator: "&")
    }

    /// An amount as a person writes it, in the currency of what it belongs to.
    private static func minor(_ text: String, _ owner: Value, _ option: String) throws -> Int64 {
        let currency = try Currency(owner.text("currency"))
        guard let amount = try? Money.parse(text, currency) else { throw UsageError("--\(option) must be an amount such as 1250.00") }
        return amount.minor
    }

    private static var matchTable: Table { Table(("ID", .right), ("KIND", .left), ("STATEMENT", .left), ("BOOKS", .left), ("AMOUNT", .right)) }

    private static func add(_ match: Value, to table: inout Table) {
        let entries = (match["entry_lines"]?.array ?? []).map { "\($0.text("entry_id")):\($0.text("line"))" }
        table.add(
            match["id"].map { _ in match.text("id") } ?? "", match.text("kind"), (match["statement_lines"]?.array ?? []).compactMap(\.int).map(String.init).joined(separator: " "),
            entries.joined(separator: " "), match["amount"].map { _ in match.amount("amount") } ?? "")
    }
}

extension Value {
    /// An amount in its own currency as a person reads it, without the currency.
    fileprivate func amount(_ key: String) -> String {
        guard let minor = self[key]?.int else { return "" }
        return (self["currency"]?.string.flatMap { try? Currency($0) }).map { Money(minor: minor, $0).amountText } ?? String(minor)
    }
}
