import Core
import Glibc

enum LedgerVerbs {
    static let all = [
        Verb("ledger verify", "", "Check every rule of the book of a business, or of all", options: [.tenant]) { invocation in
            let api = try invocation.api()
            let tenants = try invocation.arguments["tenant"].map { [try api.tenant($0)] } ?? api.all("/api/tenants", at: .operator)
            var isSound = true
            var reports: [Value] = []
            var text = ""
            for tenant in tenants {
                let report = try api.ask("POST", "/api/ledger/verify", [:], at: .tenant(tenant.text("domain")))
                let ok = report["ok"]?.bool == true
                isSound = isSound && ok
                var entry: Object = ["tenant": tenant["id"] ?? .null, "domain": tenant["domain"] ?? .null]
                for (key, value) in report.object ?? [:] { entry[key] = value }
                reports.append(.object(entry))
                text += "\(tenant.text("domain")): \(ok ? "in order" : "NOT IN ORDER"), \(report.text("entries")) entries, \(report.text("lines")) lines\n"
                for problem in report["problems"]?.array ?? [] {
                    text += "  \(problem.text("kind")) at \(problem.text("place")): \(problem.text("detail"))\n"
                }
            }
            invocation.answer(["ok": .bool(isSound), "items": .array(reports)]) { text }
            return isSound ? .done : .refused
        },
        Verb(
            "ledger trial-balance", "", "Print the balance of every account",
            options: [.tenant, Option("as-of", "DATE", "At the end of that day (else today)")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let query = invocation.arguments["as-of"].map { "?as_of=\($0.percentEncoded)" } ?? ""
            let balance = try api.ask("GET", "/api/ledger/trial-balance" + query, at: place)
            var table = Table(
                ("CODE", .left), ("ACCOUNT", .left), ("DEBITS", .right), ("CREDITS", .right), ("BALANCE", .right), ("CURRENCY", .left))
            for row in balance["items"]?.array ?? [] {
                let currency = row["currency"]?.string.flatMap { try? Currency($0) }
                func amount(_ key: String) -> String {
                    let minor = row[key]?.int ?? 0
                    return currency.map { Money(minor: minor, $0).amountText } ?? String(minor)
                }
                table.add(
                    row.text("account"), row.text("name"), amount("debits"), amount("credits"), amount("balance"),
                    row.text("currency"))
            }
            invocation.answer(balance) { table.text }
            return .done
        },
        Verb(
            "ledger export", "", "Write the journal as plain-text accounting",
            options: [
                .tenant, Option("format", "NAME", "hledger, beancount or ledger (else hledger)"),
                Option("output", "FILE", "Into a file (else standard output)"),
            ]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let format = invocation.arguments["format"] ?? "hledger"
            let path = "/api/ledger/export?format=\(format.percentEncoded)"
            guard let file = invocation.arguments["output"] else {
                try api.send("GET", path, at: place) { bytes in bytes.withUnsafeBytes { write($0, to: STDOUT_FILENO) } }
                return .done
            }
            // Beside the file, then in its place: an export that breaks off leaves no half.
            let partial = Paths.absolute(file) + ".partial"
            let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw FileError("write", partial, errno: errno) }
            defer { close(descriptor) }
            try api.send("GET", path, at: place) { bytes in bytes.withUnsafeBytes { write($0, to: descriptor) } }
            try Files.rename(partial, to: Paths.absolute(file))
            return .done
        },
        Verb("ledger periods", "", "List the months of the book and their states", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let periods = try api.all("/api/ledger/periods", at: place)
            var table = Table(("MONTH", .left), ("STATE", .left), ("REASON", .left))
            for period in periods { table.add(period.text("month"), period.text("state"), period.text("reason")) }
            invocation.answer(["items": .array(periods)]) { table.text }
            return .done
        },
        month("close", "Close a month: from now on only named exceptions post into it"),
        month("reopen", "Open a closed month again"),
        month("lock", "Lock a month for ever"),
        YearEndVerb.verb,
    ]

    private static func month(_ action: String, _ summary: String) -> Verb {
        Verb("ledger \(action)", "MONTH", summary, options: [.tenant, Option("reason", "TEXT", "Why, for the record")]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let month = try invocation.arguments.word(0, "MONTH")
            let body: Object = ["reason": .string(try invocation.arguments.required("reason"))]
            let answer = try api.ask("POST", "/api/ledger/periods/\(month.percentEncoded)/\(action)", .object(body), at: place)
            invocation.answer(answer) { "\(answer.text("month")) is \(answer.text("state"))" }
            return .done
        }
    }
}

extension Money {
    /// `12.50`, without the currency.
    var amountText: String {
        String(description.prefix { $0 != " " })
    }
}
