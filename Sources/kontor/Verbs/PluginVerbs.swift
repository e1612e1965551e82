import Core
import Platform

/// Plugins of a business: what is there, what would happen, and making it happen.
enum PluginVerbs {
    static let all = [
        Verb("plugin list", "", "List the plugins of a business, in the order of their dependencies", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let plugins = try api.ask("GET", "/api/plugins", at: place)
            var table = Table(("NAME", .left), ("VERSION", .left), ("PUBLISHER", .left), ("TITLE", .left))
            for plugin in plugins["items"]?.array ?? [] {
                table.add(plugin.text("name"), plugin.text("version"), plugin.text("publisher"), plugin.text("title"))
            }
            invocation.answer(plugins) { table.text }
            return .done
        },
        Verb("plugin show", "NAME", "Show what a plugin may reach, its hooks in their order, and its history", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let answer = try api.ask("GET", "/api/plugins/\(try invocation.arguments.word(0, "NAME").percentEncoded)", at: place)
            invocation.answer(answer) { answer.lines }
            return .done
        },
        Verb(
            "plugin plan", "FILE|NAME", "Tell what installing a plugin would do: an archive, or one that came with the program",
            options: [.tenant, draft]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let source = try PluginSource(try invocation.arguments.word(0, "FILE"), isDraft: invocation.arguments.has("draft"))
            let plan = try source.plan(api, place)
            try source.discard(api, place)
            invocation.answer(plan) { PlanText(plan).text }
            return .done
        },
        Verb(
            "plugin install", "FILE|NAME", "Install or upgrade a plugin, after its plan was agreed with", options: installOptions,
            details: "Tries it on a copy first, with its tests. Whatever fails leaves the business as it was."
        ) { invocation in try install(invocation) },
        Verb(
            "plugin impact", "FILE|FOLDER|NAME", "Tell what installing a plugin would have changed, in money",
            options: [.tenant, draft, PluginParcel.with],
            details: "Answers recorded requests on a copy of the business, without it and with it. Nothing changes and nothing leaves."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let arguments = invocation.arguments
            let word = try arguments.word(0, "FILE")
            let report: Value
            if !arguments.has("draft"), PluginParcel.isMeant(by: word) {
                report = try api.ask("POST", "/api/plugin-impacts", try PluginParcel(word, with: arguments.all("with")).body, at: place)
            } else {
                let body: Value = arguments.has("draft") ? ["draft": true] : [:]
                report = try api.ask("POST", "/api/plugins/\(word.percentEncoded)/impact", body, at: place)
            }
            invocation.answer(report) { ImpactText(report).text }
            return .done
        },
        Verb("plugin upgrade", "FILE|NAME", "The same as plugin install", options: installOptions) { invocation in try install(invocation) },
        Verb(
            "plugin rollback", "NAME", "Go back to the version before, where no destructive migration stands between",
            options: [.tenant]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let name = try invocation.arguments.word(0, "NAME")
            let answer = try api.ask("POST", "/api/plugins/\(name.percentEncoded)/rollback", [:], at: place)
            invocation.answer(answer) { "\(name) is version \(answer.text("version"))" }
            return .done
        },
        Verb(
            "plugin uninstall", "NAME", "Take a plugin out; its data stays until it is purged",
            options: [.tenant, Option("yes", nil, "Do not ask")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let path = "/api/plugins/\(try invocation.arguments.word(0, "NAME").percentEncoded)/uninstall"
            let plan = try api.ask("GET", path, at: place)
            if !invocation.arguments.has("yes") {
                standardOutput(plan.lines)
                guard Question.ask("Uninstall it?") else { return .refused }
            }
            let answer = try api.ask("POST", path, [:], at: place)
            invocation.answer(answer) { "\(plan.text("name")) \(plan.text("version")) is gone; its data stays: kontor plugin purge" }
            return .done
        },
        Verb("plugin removed", "", "List the uninstalled plugins whose data is still there", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let removed = try api.ask("GET", "/api/removed-plugins", at: place)
            var table = Table(("NAME", .left), ("VERSION", .left), ("REMOVED", .left), ("TABLES", .right))
            for plugin in removed["items"]?.array ?? [] {
                table.add(plugin.text("name"), plugin.text("version"), plugin.text("removed_at"), String(plugin["keeps"]?.array?.count ?? 0))
            }
            invocation.answer(removed) { table.text }
            return .done
        },
        Verb("plugin export", "NAME", "Print the rows that an uninstalled plugin left, a line of JSON each", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let name = try invocation.arguments.word(0, "NAME")
            try api.send("GET", "/api/removed-plugins/\(name.percentEncoded)/export", at: place) { bytes in
                standardOutput(String(decoding: bytes, as: UTF8.self))
            }
            return .done
        },
        Verb(
            "plugin purge", "NAME", "Remove for good what an uninstalled plugin left",
            options: [.tenant, Option("name", "NAME", "Its name, once more")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let name = try invocation.arguments.word(0, "NAME")
            let again = try invocation.arguments.required("name")
            try api.ask("POST", "/api/removed-plugins/\(name.percentEncoded)/purge", ["name": .string(again)], at: place)
            invocation.answer(["name": .string(name)]) { "What \(name) left is gone." }
            return .done
        },
    ]

    private static let draft = Option("draft", nil, "NAME is that of a draft: what plugin dev saved last")

    private static let installOptions: [Option] = [
        .tenant, draft, Option("yes", nil, "Agree with the plan, whatever it asks for"),
        Option("consent", "WORD", "Agree with this (repeat): capabilities, publisher_key, unsigned, destructive, downgrade, changed_version"),
        Option("grant-roles", nil, "Give roles the permissions that the plugin offers them"),
    ]

    private static func install(_ invocation: Invocation) throws -> ExitCode {
        let (api, place) = try invocation.tenantAPI()
        let arguments = invocation.arguments
        let source = try PluginSource(try arguments.word(0, "FILE"), isDraft: arguments.has("draft"))
        let plan = try source.plan(api, place)
        let needs = plan["consents"]?.array?.compactMap(\.string) ?? []
        var given = arguments.all("consent")
        if arguments.has("yes") {
            given = needs
        } else if plan["action"] != "unchanged", !needs.allSatisfy(given.contains) {
            standardError(PlanText(plan).text)
            guard Question.ask("Agree with \(needs.joined(separator: ", ")) and install?") else {
                try source.discard(api, place)
                return .refused
            }
            given = needs
        }
        var body: Object = ["plan": plan["digest"] ?? .null, "consents": .array(given.map(Value.string))]
        if let digest = source.digest { body["archive"] = .string(digest) }
        if source.isDraft { body["draft"] = true }
        if arguments.has("grant-roles") { body["grant_roles"] = true }
        let answer = try api.ask("POST", "/api/plugins/\(plan.text("name").percentEncoded)/install", .object(body), at: place)
        invocation.answer(answer) {
            answer["action"] == "unchanged"
                ? "\(answer.text("name")) \(answer.text("version")) is installed already"
                : "\(answer.text("name")) \(answer.text("version")) is installed; \(answer["trial"]?["tests"]?.array?.count ?? 0) tests passed on a copy"
        }
        return .done
    }
}

/// Where a plugin comes from: an archive in a file, the program's own folder by name, or a draft by name.
final class PluginSource {
    private let word: String
    private let bytes: [UInt8]?
    let isDraft: Bool
    /// Of the archive, once it is uploaded.
    private(set) var digest: String?

    init(_ word: String, isDraft: Bool = false) throws {
        self.word = word
        self.isDraft = isDraft
        let path = Paths.absolute(word)
        let isFile = !isDraft && (word.contains("/") || word.contains(".") || Files.exists(path) && !Files.isDirectory(path))
        bytes = isFile ? try Files.read(path, limit: PluginArchive.mostBytes) : nil
    }

    func plan(_ api: API, _ place: API.Place) throws -> Value {
        guard let bytes else {
            return try api.ask("GET", "/api/plugins/\(word.percentEncoded)/plan\(isDraft ? "?draft=true" : "")", at: place)
        }
        let answer = try JSON.parse(
            try api.send("POST", "/api/plugin-archives", (bytes, "application/gzip"), at: place), limits: .answer)
        digest = answer["archive"]?.string
        return answer["plan"] ?? .null
    }

    /// Takes an uploaded archive away again.
    func discard(_ api: API, _ place: API.Place) throws {
        if let digest { try api.ask("DELETE", "/api/plugin-archives/\(digest)", at: place) }
    }
}

/// A plan as a person reads it.
struct PlanText {
    private let plan: Value

    init(_ plan: Value) {
        self.plan = plan
    }

    var text: String {
        var text = "\(plan.text("action")) \(plan.text("name")) \(plan.text("version"))"
        if let former = plan["former_version"]?.string { text += " (now \(former))" }
        text += " of \(plan["publisher"]?.text("name") ?? ""), key \(plan["publisher"]?.text("key") ?? "") (\(plan["publisher"]?.text("status") ?? ""))\n"
        text += section("may reach", "capabilities") { "\($0.text("capability")) \($0.text("value")) (\($0.text("status")))" }
        text += section("tables", "tables") { change in
            "\(change.text("change")) \(change.text("table"))\(change["name"]?.string.map { $0.isEmpty ? "" : ".\($0)" } ?? "")  \(change.text("detail"))"
        }
        text += section("migrations", "migrations") { "\($0.text("file")): \($0.text("title"))\($0["destructive"] == true ? " (no way back)" : "")" }
        text += section("routes", "routes") { "\($0.text("change")) \($0.text("method")) \($0.text("path")) for \($0.text("permission"))" }
        text += section("hooks", "hooks") { "\($0.text("on")) \($0.text("phase")): \($0.text("order"))" }
        text += section("numbers", "series_changes") { change in
            "\(change.text("series")) \(change.text("change")) \(change.text("format"))\(change["former_format"]?.string.map { " (now \($0))" } ?? "")"
        }
        text += section("offers roles (granted with --grant-roles)", "roles") { role in
            let offers = role["offers"]?.array?.compactMap(\.string) ?? []
            return "\(role.text("role"))\(role["exists"] == true ? "" : " (new)"): \(offers.isEmpty ? "nothing that it does not hold" : offers.joined(separator: ", "))"
        }
        text += section("rules", "rules") { $0.string ?? "" }
        text += PluginShelf.text(plan["findings"]?.array ?? [])
        let needs = plan["consents"]?.array?.compactMap(\.string) ?? []
        return text + (needs.isEmpty ? "needs no consent\n" : "needs consent: \(needs.joined(separator: ", "))\n")
    }

    private func section(_ title: String, _ key: String, _ line: (Value) -> String) -> String {
        let items = plan[key]?.array ?? []
        return items.isEmpty ? "" : "\(title)\n" + items.map { "  \(line($0))\n" }.joined()
    }
}

/// A question that somebody at the terminal answers.
enum Question {
    /// - Returns: whether the answer was yes; no where nobody is there.
    static func ask(_ question: String) -> Bool {
        standardError("\(question) [yes/no] ")
        guard let answer = readLine() else { return false }
        return ["y", "yes"].contains(answer.lowercased())
    }
}
