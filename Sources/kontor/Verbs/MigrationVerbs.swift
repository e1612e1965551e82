import Core

/// The schemas of businesses' databases.
enum MigrationVerbs {
    static let all = [
        migrate("migrate"), migrate("migrate up"),
        Verb("migrate status", "", "Say which steps every business's schema has taken and has yet to take", options: [.tenant]) { invocation in
            try invocation.arguments.noMoreWords(than: 0)
            let api = try invocation.api()
            let tenants = try invocation.arguments["tenant"].map { [try api.tenant($0)] } ?? api.all("/api/tenants", at: .operator)
            var items: [Value] = []
            var text = ""
            for tenant in tenants {
                var state = try api.ask("GET", "/api/tenants/\(tenant.text("id"))/migrations", at: .operator).object ?? [:]
                state["domain"] = tenant["domain"] ?? .null
                items.append(.object(state))
                let item = Value.object(state)
                text += "\(tenant.text("domain"))\n"
                var table = Table(("STEP", .left), ("STATE", .left), ("AT", .left), ("CHECKSUM", .left), ("NAME", .left))
                for step in item["applied"]?.array ?? [] {
                    table.add(
                        "\(step.text("room")) \(step.text("number"))", "applied", step.text("applied_at"), String(step.text("checksum").prefix(12)),
                        step.text("name"))
                }
                for step in item["pending"]?.array ?? [] { table.add("\(step.text("room")) \(step.text("number"))", "PENDING", "", "", step.text("name")) }
                for plugin in item["plugins"]?.array ?? [] { table.add("plugin \(plugin.text("name"))", plugin.text("version"), "", "", "") }
                text += table.text
                if let fault = item["fault"]?.string { text += "BAD: \(fault)\n" }
                if let copy = item["copy_before"]?.string { text += "kept before the last steps: \(copy)\n" }
            }
            invocation.answer(["items": .array(items)]) { text }
            return items.allSatisfy { $0["fault"] == .null } ? .done : .refused
        },
        Verb(
            "migrate down", "", "Put back the copy that was kept before a business's last steps, with the server stopped",
            options: [.tenant, Option("reason", "TEXT", "Why, for the record")],
            details: "There are no steps down: what was written since the upgrade is in the file that is kept beside. Start the program of before\nafterwards; this one takes the steps again as soon as the business is opened. A plugin goes back by kontor plugin rollback."
        ) { invocation in
            try invocation.arguments.noMoreWords(than: 0)
            let name = try invocation.arguments.required("tenant")
            let api = try invocation.api()
            let id = try api.tenant(name).text("id")
            let done = try api.ask(
                "POST", "/api/tenants/\(id)/migrations/undo", ["reason": .string(invocation.arguments["reason"] ?? "by the command line")], at: .operator)
            invocation.answer(done) {
                var table = Table(("TABLE", .left), ("BEFORE", .right), ("AFTER", .right))
                let before = done["rows_before"]?.object ?? Object(), after = done["rows_after"]?.object ?? Object()
                for name in Set(before.keys).union(after.keys).sorted() where before[name] != after[name] {
                    table.add(name, before[name]?.int.map { String($0) } ?? "none", after[name]?.int.map { String($0) } ?? "none")
                }
                return "put back \(done.text("copy"))\nthe former file is \(done.text("former_file"))\ntables with other rows than before:\n\(table.text)"
            }
            return .done
        },
    ]

    private static func migrate(_ path: String) -> Verb {
        Verb(
            path, "", "Open every business's database, which brings it up to date",
            details: "A database is brought up to date whenever it is opened; this does it for all at once, and says how it went."
        ) { invocation in
            let api = try invocation.api()
            var items: [Value] = []
            for tenant in try api.all("/api/tenants", at: .operator) {
                items.append(Doctor.state(of: tenant, api))
            }
            invocation.answer(["items": .array(items)]) {
                items.map { "\($0.text("domain")): \($0.text("detail"))\n" }.joined()
            }
            return items.allSatisfy { $0["ok"] == true } ? .done : .refused
        }
    }
}
