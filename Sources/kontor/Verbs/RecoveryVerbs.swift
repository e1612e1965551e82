import Core

/// Bringing businesses back, and trying out that it can be done.
enum RecoveryVerbs {
    static let all = [
        Verb(
            "backup test-restore", "", "Restore into a scratch file, verify it, count what is in it, and remove it", options: [.tenant],
            details: "The newest copy and the log of changes are used, as a restore would. Without --tenant: every business, one by one."
        ) { invocation in
            try invocation.arguments.noMoreWords(than: 0)
            let api = try invocation.api()
            let tenants = try invocation.arguments["tenant"].map { [try api.tenant($0)] } ?? api.all("/api/tenants", at: .operator)
            var items: [Value] = []
            var text = ""
            var isWell = true
            for tenant in tenants {
                do {
                    let done = try api.ask("POST", "/api/tenants/\(tenant.text("id"))/test-restore", [:], at: .operator)
                    items.append(done)
                    text += "\(tenant.text("domain")): restored up to \(done.text("reached_at")) in \(done.text("milliseconds")) ms; \(done.text("loss_seconds")) s would be lost\n"
                    text += steps(done) + counts(done["records"]?.array ?? [])
                } catch let problem as Problem {
                    isWell = false
                    items.append(["domain": tenant["domain"] ?? .null, "failure": .string(problem.detail)])
                    text += "\(tenant.text("domain")): CANNOT BE RESTORED: \(problem.detail)\n"
                }
            }
            invocation.answer(["items": .array(items)]) { text }
            return isWell ? .done : .refused
        },
        Verb(
            "backup drill", "", "Time a restore of the largest business against the objectives, and keep the report",
            options: [.tenant, Option("list", nil, "Show the drills that were done")],
            details: "The objectives: it runs again within 4 hours, and at most 1 hour of changes is lost."
        ) { invocation in
            try invocation.arguments.noMoreWords(than: 0)
            let api = try invocation.api()
            if invocation.arguments.has("list") {
                let drills = try api.all("/api/backups/drills", at: .operator)
                invocation.answer(["items": .array(drills)]) { table(drills) }
                return .done
            }
            var body: Object = [:]
            if let name = invocation.arguments["tenant"] { body["tenant_id"] = try api.tenant(name)["id"] ?? .null }
            let drill = try api.ask("POST", "/api/backups/drills", .object(body), at: .operator)
            invocation.answer(drill) {
                let failure = drill["report"]?["failure"]?.string.map { $0 + "\n" } ?? ""
                return table([drill]) + failure + steps(drill["report"] ?? .null) + counts(drill["report"]?["records"]?.array ?? [])
            }
            return drill["ok"] == true ? .done : .refused
        },
        Verb(
            "recover", "", "Bring back a business whose database is damaged, as new as copies and log allow",
            options: [.tenant, Option("reason", "TEXT", "Why, for the record")],
            details: "Its changes are stopped, the damaged file is kept aside, the newest sound copy takes its place and the log of changes is\nput on it. What was applied and what was refused is printed. kontor thaw lets changes go on."
        ) { invocation in
            try invocation.arguments.noMoreWords(than: 0)
            let name = try invocation.arguments.required("tenant")
            let api = try invocation.api()
            let id = try api.tenant(name).text("id")
            let reason: Value = ["reason": .string(invocation.arguments["reason"] ?? "by the command line")]
            let done = try api.ask("POST", "/api/tenants/\(id)/recover", reason, at: .operator)
            invocation.answer(done) { restored(done) + list("applied", done["applied"]) + list("refused", done["refused"]) }
            return .done
        },
    ]

    // MARK: What was done, in lines

    static func restored(_ done: Value) -> String {
        steps(done) + comparison(done["records"]?.array ?? [])
            + (done["unreadable"]?.array ?? []).compactMap(\.string).map { "not readable: \($0)\n" }.joined()
    }

    static func steps(_ done: Value) -> String {
        (done["steps"]?.array ?? []).enumerated().map { place, step in
            "\(place + 1). \(step["ok"] == true ? "" : "BAD ")\(step.text("step")): \(step.text("detail")) [\(step.text("milliseconds")) ms]\n"
        }.joined()
    }

    private static func newest(_ value: Value?) -> String {
        (value?.object ?? Object()).map { "\($0.key) \($0.value.string ?? "")" }.joined(separator: ", ")
    }

    private static func counts(_ records: [Value]) -> String {
        var table = Table(("RECORDS", .left), ("ROWS", .right), ("NEWEST", .left))
        for line in records { table.add(line.text("type"), line.text("rows"), newest(line["newest"])) }
        return table.text
    }

    private static func comparison(_ records: [Value]) -> String {
        var table = Table(("RECORDS", .left), ("BEFORE", .right), ("AFTER", .right), ("NEWEST BEFORE", .left), ("NEWEST AFTER", .left))
        for line in records {
            table.add(
                line.text("type"), line["rows_before"]?.int.map { String($0) } ?? "?", line.text("rows_after"), newest(line["newest_before"]),
                newest(line["newest_after"]))
        }
        return table.text
    }

    private static func table(_ drills: [Value]) -> String {
        var table = Table(
            ("ID", .right), ("DONE", .left), ("BUSINESS", .left), ("BYTES", .right), ("SECONDS", .right), ("LOST SECONDS", .right), ("WITHIN 4 H / 1 H", .left))
        for drill in drills {
            table.add(
                drill.text("id"), drill.text("started_at"), drill.text("domain"), drill.text("bytes"), drill.text("recovery_seconds"),
                drill.text("loss_seconds"), drill["ok"] == true ? "yes" : "NO")
        }
        return table.text
    }

    private static func list(_ name: String, _ rows: Value?) -> String {
        guard let rows else { return "" }
        let reason = rows["reason"]?.string.flatMap { $0.isEmpty ? nil : " (\($0))" } ?? ""
        let fault = rows["fault"]?.string.map { "  the rest cannot be read: \($0)\n" } ?? ""
        return "\(name): \(rows.text("count"))\(reason)\n"
            + (rows["items"]?.array ?? []).map {
                "  \($0.text("kind")) \($0.text("id")) \($0.text("at")) \($0.text("what")) \($0.text("object")) by \($0.text("by"))\n"
            }.joined() + fault
    }
}
