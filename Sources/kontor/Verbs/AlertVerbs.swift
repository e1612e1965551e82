import Core

/// What the operator is told of, from the command line.
enum AlertVerbs {
    private static let settings = [
        Option("mail-host", "NAME", "The mail server; empty for no mail"), Option("mail-port", "N", "Its port (else 587)"),
        Option("mail-tls", "HOW", "starttls, implicit or none"), Option("mail-user", "NAME", "Whom the server knows"),
        Option("mail-password-stdin", nil, "Its password is the first line of standard input"),
        Option("mail-from", "ADDRESS", "The sender"), Option("mail-to", "ADDRESS", "Who is told; may be repeated"),
        Option("contacts", "TEXT", "Stands at the end of each mail: whom to call"),
        Option("error-percent", "N", "Of an endpoint's answers in five minutes, 500 and above (else 5)"),
        Option("error-requests", "N", "Fewer answers say nothing (else 20)"),
        Option("disk-free-percent", "N", "Less room than this is told (else 20)"),
        Option("memory-percent", "N", "More memory than this is told (else 80)"),
        Option("automation-hours", "N", "How long a schedule that was due may be silent (else 25)"),
    ]

    static let all = [
        Verb(
            "alerts", "", "List what is not as it should be",
            options: [Option("all", nil, "Those that are over too"), Option("look", nil, "Look now, not a minute later")],
            details: "Exits with 1 when something is open."
        ) { invocation in
            let api = try invocation.api()
            if invocation.arguments.has("look") { try api.ask("POST", "/api/alerts/look", at: .operator) }
            let items = try api.all("/api/alerts?state=\(invocation.arguments.has("all") ? "all" : "open")", at: .operator)
            var table = Table(("ID", .right), ("SINCE", .left), ("OVER", .left), ("CONDITION", .left), ("BUSINESS", .right), ("SUBJECT", .left), ("MAIL", .left), ("DETAIL", .left))
            for item in items {
                table.add(
                    item.text("id"), item.text("raised_at"), item.text("cleared_at"), item.text("condition"), item.text("tenant_id"),
                    item.text("subject"), item.text("mail"), item.text("detail"))
            }
            invocation.answer(["items": .array(items)]) { table.text }
            return items.allSatisfy { $0["cleared_at"] != .null } ? .done : .refused
        },
        Verb(
            "alerts clear", "ID", "Clear an alert by hand",
            details: "What failed once is not told again; a state that lasts is, a minute later."
        ) { invocation in
            let id = try invocation.arguments.word(0, "ID")
            let answer = try invocation.api().ask("POST", "/api/alerts/\(id.percentEncoded)/clear", at: .operator)
            invocation.answer(answer) { "\(answer.text("condition")) is cleared" }
            return .done
        },
        Verb("alerts settings", "", "Show or change where alerts go and from which figures on there is one", options: settings) { invocation in
            let arguments = invocation.arguments
            var body = Object()
            for option in settings where arguments.has(option.name) {
                let member = option.name.replacing("-", with: "_")
                switch option.name {
                case "mail-to": body[member] = .array(arguments.all("mail-to").filter { !$0.isEmpty }.map { .string($0) })
                case "mail-password-stdin":
                    guard let secret = readLine(strippingNewline: true), !secret.isEmpty else { throw UsageError("The password is the first line of standard input, and that is empty") }
                    body["mail_password"] = .string(secret)
                default:
                    let text = arguments[option.name] ?? ""
                    body[member] = option.value == "N" ? try arguments.integer(option.name, in: 0...Int.max).map { .int(Int64($0)) } ?? .null : .string(text)
                }
            }
            let api = try invocation.api()
            let answer =
                body.keys.isEmpty
                ? try api.ask("GET", "/api/alerts/settings", at: .operator)
                : try api.ask("PATCH", "/api/alerts/settings", .object(body), at: .operator)
            invocation.answer(answer) { answer.lines }
            return .done
        },
        Verb("alerts test", "", "Send a mail that says that alerts arrive") { invocation in
            let answer = try invocation.api().ask("POST", "/api/alerts/test-mail", at: .operator)
            invocation.answer(answer) { "The mail server took it." }
            return .done
        },
    ]
}
