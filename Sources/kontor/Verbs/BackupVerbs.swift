import Core

enum BackupVerbs {
    static let all = [
        Verb(
            "backup", "[ID…]", "Copy the databases of businesses while they work: all, or those named",
            details: "Each copy is read back and checked before it counts."
        ) { invocation in
            let api = try invocation.api()
            let named = try invocation.arguments.words.map { try api.tenant($0)["id"] ?? .null }
            var items: [Value] = [], failed: [Value] = []
            for body: Value in named.isEmpty ? [[:]] : named.map({ ["tenant_id": $0] }) {
                let answer = try api.ask("POST", "/api/backups", body, at: .operator)
                items += answer["items"]?.array ?? []
                failed += answer["failed"]?.array ?? []
            }
            invocation.answer(["items": .array(items), "failed": .array(failed)]) { table(items).text }
            return failed.isEmpty ? .done : .refused
        },
        Verb("backup status", "", "Say how the copies of every database stand") { invocation in
            let status = try invocation.api().ask("GET", "/api/backups/status", at: .operator)
            let items = status["items"]?.array ?? []
            let isWell = status["second_place_ok"] == true && items.allSatisfy { $0["failure"] == .null }
            invocation.answer(status) {
                var table = Table(("TENANT", .left), ("NEWEST", .left), ("TIER", .left), ("SECOND PLACE", .left), ("CHANGED", .left), ("FAILURE", .left))
                for item in items {
                    table.add(
                        item["domain"]?.string ?? "system", item["newest"]?["created_at"]?.string ?? "none",
                        item["newest"]?["tier"]?.string ?? "", item["newest_at_second_place"]?["created_at"]?.string ?? "none",
                        item["changed_since"] == true ? "yes" : "no", item["failure"]?["detail"]?.string ?? "")
                }
                let place = status["second_place"]?.string.map { $0 + (status["second_place_ok"] == true ? "" : " (not there)") }
                return table.text + "second place: \(place ?? "none")\n"
            }
            return isWell ? .done : .refused
        },
        Verb(
            "backup place", "[FOLDER]", "Keep every copy in a folder on another disk as well",
            options: [Option("none", nil, "In no other folder from now on; what is there stays")],
            details: "The folder must be there. It is marked, so that a disk that is not mounted is told from one that is."
        ) { invocation in
            let arguments = invocation.arguments
            guard arguments.has("none") == arguments.words.isEmpty else { throw UsageError("Say either FOLDER or --none") }
            let folder: Value = arguments.words.first.map { .string(Paths.absolute($0)) } ?? .null
            let answer = try invocation.api().ask("PUT", "/api/backups/settings", ["second_place": folder], at: .operator)
            invocation.answer(answer) { answer.lines }
            return .done
        },
        Verb("backup list", "", "List the backups there are") { invocation in
            let backups = try invocation.api().all("/api/backups", at: .operator)
            invocation.answer(["items": .array(backups)]) { table(backups).text }
            return .done
        },
        Verb(
            "restore", "[BACKUP]", "Bring back a business from a backup, by its number in the list, or as it was at a moment",
            options: [
                Option("tenant", "ID", "With --to: whose moment"), Option("to", "INSTANT", "As it was then: 2026-11-20T10:30:00Z"),
                Option("into", "DOMAIN", "With --to: into a new business at this domain"),
                Option("as", "DOMAIN", "Into a new business at this domain"),
                Option("over", "ID", "Over a business, whose former file is kept"),
                Option("name", "NAME", "The new business's name"), Option("reason", "TEXT", "Why, for the record"),
            ],
            details: "kontor restore BACKUP --over ID, or --as DOMAIN; or kontor restore --tenant ID --to INSTANT, with --into DOMAIN to leave the\nbusiness alone. Each step is printed, with rows and newest instants before and after, and what is lost."
        ) { invocation in
            let arguments = invocation.arguments
            if arguments.has("to") { return try restoreMoment(invocation) }
            guard arguments.has("as") != arguments.has("over") else { throw UsageError("Say either --as DOMAIN or --over ID") }
            guard let backup = Int64(try arguments.word(0, "BACKUP")) else { throw UsageError("BACKUP must be a number: see kontor backup list") }
            let api = try invocation.api()
            var body: Object = ["reason": .string(arguments["reason"] ?? "by the command line")]
            if let domain = arguments["as"] {
                body["domain"] = .string(domain)
                if let name = arguments["name"] { body["name"] = .string(name) }
            } else {
                // The backup says whose it is; that it is the one that was meant is worth a question.
                let tenant = try api.tenant(arguments["over"] ?? "")
                let owner = try api.all("/api/backups", at: .operator).first { $0["id"]?.int == backup }?["tenant_id"]
                guard owner == tenant["id"] else {
                    throw Problem(409, "backup.other_tenant", "Backup \(backup) is not one of \(tenant.text("domain")).")
                }
            }
            let path = "/api/backups/\(backup)/" + (arguments.has("as") ? "tenant" : "restore")
            let answer = try api.ask("POST", path, .object(body), at: .operator)
            invocation.answer(answer) { arguments.has("as") ? answer.lines : RecoveryVerbs.restored(answer) }
            return .done
        },
    ]

    private static func restoreMoment(_ invocation: Invocation) throws -> ExitCode {
        let arguments = invocation.arguments
        try arguments.noMoreWords(than: 0)
        guard !arguments.has("as"), !arguments.has("over") else { throw UsageError("--to goes with --tenant and --into") }
        let name = try arguments.required("tenant")
        let api = try invocation.api()
        let id = try api.tenant(name).text("id")
        var body: Object = ["to": .string(try arguments.required("to")), "reason": .string(arguments["reason"] ?? "by the command line")]
        if let domain = arguments["into"] { body["domain"] = .string(domain) }
        if let name = arguments["name"] { body["name"] = .string(name) }
        let answer = try api.ask("POST", "/api/tenants/\(id)/restore", .object(body), at: .operator)
        invocation.answer(answer) {
            arguments.has("into") ? RecoveryVerbs.steps(answer) + "up to \(answer.text("reached_at"))\n" : RecoveryVerbs.restored(answer)
        }
        return .done
    }

    private static func table(_ backups: [Value]) -> Table {
        var table = Table(("ID", .right), ("TENANT", .right), ("TIER", .left), ("MADE", .left), ("PLACE", .left), ("VERIFIED", .left), ("BYTES", .right), ("PATH", .left))
        for backup in backups {
            table.add(
                backup.text("id"), backup.text("tenant_id"), backup.text("tier"), backup.text("created_at"),
                backup.text("place"), backup.text("verified_at"), backup.text("size"), backup.text("path"))
        }
        return table
    }
}
