import Core

/// Rules in a folder, so that they can live in git: `pull`, edit, `push`, `publish`.
enum RulesVerbs {
    static let all = [
        Verb("rules list", "", "List the rule files of a business with their versions", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let scripts = try api.all("/api/scripts", at: place)
            var table = Table(("PATH", .left), ("VERSION", .right), ("DRAFT", .left), ("PUBLISHED", .left), ("BY", .left))
            for script in scripts {
                table.add(
                    script.text("path"), script.text("version"), script["has_draft"] == true ? "yes" : "",
                    script.text("published_at"), script.text("published_by"))
            }
            invocation.answer(["items": .array(scripts)]) { table.text }
            return .done
        },
        Verb(
            "rules show", "PATH", "Print the rule file that is in force", options: [.tenant],
            details: "PATH is Rules/tax/gh-standard.lua, or tax/gh-standard for short, or gh-standard where one file has that name."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            var path = try invocation.arguments.word(0, "PATH")
            if !path.hasSuffix(".lua") { path += ".lua" }
            if !path.contains("/") {
                let name = path
                let found = try api.all("/api/scripts", at: place).map { $0.text("path") }.filter { $0.hasPrefix("Rules/") && $0.hasSuffix("/" + name) }
                if found.count > 1 { throw UsageError("\(found.joined(separator: " and ")) have that name: say which") }
                path = found.first ?? path
            }
            if !path.hasPrefix("Rules/") { path = "Rules/" + path }
            let script = try api.ask("GET", scriptPath(path), at: place)
            invocation.answer(script) { script.text("source") }
            return .done
        },
        Verb(
            "rules pull", "FOLDER", "Write the rules that are in force into a folder", options: [.tenant],
            details: "Files keep their paths: FOLDER/Rules/tax/… . FOLDER/.kontor-rules.json notes which versions they are."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let folder = RulesFolder(Paths.absolute(try invocation.arguments.word(0, "FOLDER")))
            var written: [Value] = []
            var versions: [String: Int64] = [:]
            for script in try api.all("/api/scripts", at: place) {
                let path = script.text("path")
                let full = try api.ask("GET", scriptPath(path), at: place)
                if try folder.write(full.text("source"), at: path) { written.append(.string(path)) }
                versions[path] = full["version"]?.int
            }
            try folder.note(versions)
            invocation.answer(["written": .array(written), "files": .int(Int64(versions.count))]) {
                written.map { ($0.string ?? "") + "\n" }.joined() + "\(versions.count) files, \(written.count) written"
            }
            return .done
        },
        Verb(
            "rules push", "FOLDER", "Save what differs in a folder as drafts, and check them",
            options: [
                .tenant, Option("message", "TEXT", "Why"), Option("publish", nil, "Publish them too, if all are in order"),
                Option("force", nil, "Even where the version in force is not the one that was pulled"),
            ]
        ) { invocation in try push(invocation) },
        Verb("rules check", "[PATH…]", "Check drafts: all, or those named", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let paths = try drafts(api, place, named: invocation.arguments.words)
            let findings = try paths.flatMap { try check(api, place, $0) }
            return report(invocation, ["checked": .array(paths.map { .string($0) })], findings)
        },
        Verb(
            "rules test", "[PATH…]", "Run the tests of drafts, all or those named, on a copy of the business",
            options: [.tenant, Option("file", "FILE", "A test file, instead of the one that came with the rule file")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let paths = try drafts(api, place, named: invocation.arguments.words)
            let tests = try invocation.arguments["file"].map { try Files.text(Paths.absolute($0)) }
            let body: Value = tests.map { ["tests": .string($0)] } ?? [:]
            let reports = try paths.map { path in try api.ask("POST", scriptPath(path) + "/test", body, at: place) }
            let results = reports.flatMap { $0["tests"]?.array ?? [] }
            let failed = results.filter { $0["ok"] == false }
            invocation.answer(["ok": .bool(failed.isEmpty), "tests": .array(results)]) {
                let lines = results.map { test in
                    test["ok"] == true ? "ok   \(test.text("name"))\n" : "FAIL \(test.text("name"))\n     \(test.text("where")): \(test.text("message"))\n"
                }
                return lines.joined() + "\(results.count - failed.count) passed, \(failed.count) failed"
            }
            return failed.isEmpty ? .done : .refused
        },
        Verb(
            "rules impact", "[PATH…]", "Tell what drafts would have changed, in money: all, or those named", options: [.tenant]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let paths = try drafts(api, place, named: invocation.arguments.words)
            let reports = try paths.map { (path: $0, report: try api.ask("POST", scriptPath($0) + "/impact", [:], at: place)) }
            invocation.answer(["items": .array(reports.map { .object(["path": .string($0.path), "impact": $0.report]) })]) {
                reports.isEmpty ? "no drafts" : reports.map { "\($0.path): \($0.report.text("summary"))\n" }.joined()
            }
            return .done
        },
        Verb(
            "rules publish", "[PATH…]", "Put drafts in force: all, or those named",
            options: [.tenant, Option("message", "TEXT", "Why")]
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let paths = try drafts(api, place, named: invocation.arguments.words)
            let published = try paths.map { try publish(api, place, $0, invocation.arguments["message"]) }
            invocation.answer(["published": .array(published)]) {
                published.isEmpty ? "no drafts" : published.map { "\($0.text("path")) is version \($0.text("version"))\n" }.joined()
            }
            return .done
        },
        Verb(
            "rules replay", "RECORD ID [FILE]", "Record what rules decided for a record, as a file that tests replay", options: [.tenant],
            details: "RECORD is a record type such as pos.sale. Put the file into a plugin's fixtures folder: replay \"NAME\" decides it again."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let type = try invocation.arguments.word(0, "RECORD")
            let id = try invocation.arguments.word(1, "ID")
            let recording = try api.ask("GET", "/api/replays/\(type.percentEncoded)/\(id.percentEncoded)", at: place)
            guard invocation.arguments.words.count > 2 else {
                invocation.answer(recording) { String(decoding: JSON.serialize(recording, pretty: true), as: UTF8.self) }
                return .done
            }
            let file = Paths.absolute(try invocation.arguments.word(2, "FILE"))
            try Files.writeAtomically(file, JSON.serialize(recording, pretty: true) + [10])
            let count = recording["decisions"]?.array?.count ?? 0
            invocation.answer(["file": .string(file), "decisions": .int(Int64(count))]) { "\(file): \(count) decisions" }
            return .done
        },
        Verb("rules rollback", "PATH VERSION", "Put an earlier version in force again", options: [.tenant]) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let path = try invocation.arguments.word(0, "PATH")
            guard let version = Int64(try invocation.arguments.word(1, "VERSION")) else {
                throw UsageError("VERSION must be an integer")
            }
            let answer = try api.ask("POST", scriptPath(path) + "/rollback", ["version": .int(version)], at: place)
            invocation.answer(answer) { "\(path) is version \(answer.text("version"))" }
            return .done
        },
    ]

    private static func push(_ invocation: Invocation) throws -> ExitCode {
        let (api, place) = try invocation.tenantAPI()
        let arguments = invocation.arguments
        let folder = RulesFolder(Paths.absolute(try arguments.word(0, "FOLDER")))
        let pulled = try folder.versions()
        let message = arguments["message"] ?? "from the command line"
        let known = Dictionary(
            try api.all("/api/scripts", at: place).map { ($0.text("path"), $0["version"]?.int) }, uniquingKeysWith: { first, _ in first })
        var pushed: [String] = []
        for path in try folder.files() {
            let source = try folder.read(path)
            var base: Int64 = 0
            if let version = known[path] {
                base = arguments.has("force") ? version ?? 0 : pulled[path] ?? version ?? 0
                let current = try api.ask("GET", scriptPath(path), at: place)
                if current["source"]?.string == source { continue }
                if let base = pulled[path], base != version, !arguments.has("force") {
                    throw Problem(
                        409, "rules.moved_on",
                        "\(path) is at version \(version ?? 0) by now, and the folder's is \(base): pull again, or use --force.")
                }
            }
            try api.ask(
                "PUT", scriptPath(path) + "/draft",
                ["source": .string(source), "message": .string(message), "base_version": .int(base)], at: place)
            pushed.append(path)
        }
        let findings = try pushed.flatMap { try check(api, place, $0) }
        var published: [Value] = []
        if !hasErrors(findings), arguments.has("publish") {
            published = try pushed.map { try publish(api, place, $0, message) }
            var versions = pulled
            for answer in published { versions[answer.text("path")] = answer["version"]?.int }
            try folder.note(versions)
        }
        return report(
            invocation, ["pushed": .array(pushed.map { .string($0) }), "published": .array(published)], findings)
    }

    private static func report(_ invocation: Invocation, _ facts: Object, _ findings: [Value]) -> ExitCode {
        var facts = facts
        facts["findings"] = .array(findings)
        invocation.answer(.object(facts)) {
            let lines = findings.map(line).joined()
            let counts = facts.map { "\($0.value.array?.count ?? 0) \($0.key)" }.joined(separator: ", ")
            return lines + counts
        }
        return hasErrors(findings) ? .refused : .done
    }

    private static func hasErrors(_ findings: [Value]) -> Bool { findings.contains { $0.text("severity") == "error" } }

    /// `file:line:column: severity: message (hint)`, as editors understand it.
    private static func line(_ finding: Value) -> String {
        let place = ["file", "line", "column"].compactMap { name in finding[name].flatMap { $0.isNull ? nil : finding.text(name) } }
        let hint = finding["hint"]?.string.map { " (\($0))" } ?? ""
        return "\(place.joined(separator: ":")): \(finding.text("severity")): \(finding.text("message"))\(hint)\n"
    }

    private static func drafts(_ api: API, _ place: API.Place, named paths: [String]) throws -> [String] {
        if !paths.isEmpty { return paths }
        return try api.all("/api/scripts", at: place).filter { $0["has_draft"] == true }.map { $0.text("path") }
    }

    private static func check(_ api: API, _ place: API.Place, _ path: String) throws -> [Value] {
        try api.ask("POST", scriptPath(path) + "/check", [:], at: place)["findings"]?.array ?? []
    }

    private static func publish(_ api: API, _ place: API.Place, _ path: String, _ message: String?) throws -> Value {
        let body: Value = message.map { ["message": .string($0)] } ?? [:]
        return try api.ask("POST", scriptPath(path) + "/publish", body, at: place)
    }

    static func scriptPath(_ path: String) -> String {
        "/api/scripts/" + path.split(separator: "/").map { String($0).percentEncoded }.joined(separator: "/")
    }
}

/// The folder of a `pull`: the files, and a note of the versions that they are.
struct RulesFolder {
    private let folder: String
    private var note: String { folder + "/.kontor-rules.json" }

    init(_ folder: String) {
        self.folder = folder
    }

    /// - Returns: false when the file holds that text already.
    func write(_ source: String, at path: String) throws -> Bool {
        let file = folder + "/" + path
        if Files.exists(file), try Files.text(file) == source { return false }
        try createFolders(Paths.parent(path))
        try Files.writeAtomically(file, Array(source.utf8))
        return true
    }

    func read(_ path: String) throws -> String { try Files.text(folder + "/" + path) }

    /// The Lua files in it, by path, in order.
    func files() throws -> [String] {
        guard Files.isDirectory(folder) else { throw UsageError("\(folder) is no folder") }
        func walk(_ path: String) throws -> [String] {
            try Files.list(folder + "/" + path).sorted().flatMap { name -> [String] in
                let inner = path.isEmpty ? name : path + "/" + name
                if name.hasPrefix(".") { return [] }
                if Files.isDirectory(folder + "/" + inner) { return try walk(inner) }
                return name.hasSuffix(".lua") ? [inner] : []
            }
        }
        return try walk("")
    }

    func versions() throws -> [String: Int64] {
        guard Files.exists(note), let object = try JSON.parse(Files.read(note)).object else { return [:] }
        return Dictionary(object.compactMap { pair in pair.value.int.map { (pair.key, $0) } }, uniquingKeysWith: { first, _ in first })
    }

    func note(_ versions: [String: Int64]) throws {
        let object = Object(versions.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })
        try Files.writeAtomically(note, JSON.serialize(.object(object), pretty: true) + [10])
    }

    private func createFolders(_ path: String) throws {
        var made = folder
        try Files.createDirectory(made)
        for part in path.split(separator: "/") where part != "." {
            made += "/" + part
            try Files.createDirectory(made)
        }
    }
}
