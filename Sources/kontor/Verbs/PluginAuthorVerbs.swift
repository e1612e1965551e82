import Core
import Glibc
import Platform
import Scripting

/// What the author of a plugin does: begin one, check it, test it, sign it.
enum PluginAuthorVerbs {
    static let all = [
        Verb(
            "plugin new", "FOLDER", "Begin a plugin: a folder with a record type, a route and a test",
            options: [Option("publisher", "NAME", "Whose it is, such as acme.example")],
            details: "The plugin is called as the folder."
        ) { invocation in
            let folder = Paths.absolute(try invocation.arguments.word(0, "FOLDER"))
            let name = String(folder.split(separator: "/").last ?? "")
            let made = try PluginTemplate(name: name, publisher: invocation.arguments["publisher"] ?? "example.org").write(to: folder)
            invocation.answer(["folder": .string(folder), "files": .array(made.map(Value.string))]) { made.map { "\(folder)/\($0)\n" }.joined() }
            return .done
        },
        Verb("plugin check", "FOLDER", "Check a plugin's files without installing it") { invocation in
            let findings = try PluginShelf(invocation).check(Paths.absolute(try invocation.arguments.word(0, "FOLDER")))
            invocation.answer(["findings": .array(findings)]) { PluginShelf.text(findings) + "\(findings.count) findings" }
            return findings.contains { $0["severity"] == "error" } ? .refused : .done
        },
        Verb(
            "plugin test", "FOLDER", "Install a plugin on a copy of a business and run its tests there", options: [.tenant],
            details: "The business itself does not change. The plugin need not be signed."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let (report, isGood) = try Rehearsal(api, place).run(Paths.absolute(try invocation.arguments.word(0, "FOLDER")))
            invocation.answer(report) { Rehearsal.text(report) }
            return isGood ? .done : .refused
        },
        Verb(
            "plugin key new", "PUBLISHER", "Make a publisher's signing key",
            options: [Option("out", "FILE", "Where to (else ~/.kontor/PUBLISHER.key)")],
            details: "Keep a copy in a safe place: a business that knows the key takes upgrades that are signed by it only."
        ) { invocation in
            let publisher = try invocation.arguments.word(0, "PUBLISHER")
            let path = try PublisherKey.path(of: publisher, invocation.arguments["out"])
            guard !Files.exists(path) else { throw Problem(409, "plugin.key_exists", "There is a key at \(path) already.") }
            try Files.createDirectory(Paths.parent(path), mode: 0o700)
            let key = SigningKey.generate()
            try Files.writeAtomically(path, key.rawBytes, mode: 0o600)
            invocation.answer(["file": .string(path), "key": .string(key.verifyingKey.fingerprint)]) { "\(path): key \(key.verifyingKey.fingerprint)" }
            return .done
        },
        Verb(
            "plugin pack", "FOLDER", "Pack a plugin into one signed file",
            options: [
                Option("key", "FILE", "The publisher's key (else ~/.kontor/PUBLISHER.key)"),
                Option("out", "FILE", "Where to (else NAME-VERSION.kontor)"),
            ], details: "The same files and key give the same bytes."
        ) { invocation in
            let files = try PluginFiles.read(folder: Paths.absolute(try invocation.arguments.word(0, "FOLDER")))
            let manifest = try ScriptThread.run { try Manifest(files: files) }
            let key = try SigningKey(rawBytes: KeyFile.load(try PublisherKey.path(of: manifest.publisher, invocation.arguments["key"])))
            let bytes = try ScriptThread.run { try PluginArchive.pack(files, key: key) }
            let path = Paths.absolute(invocation.arguments["out"] ?? "\(manifest.name)-\(manifest.version).kontor")
            try Files.writeAtomically(path, bytes)
            let digest = Digest.hex(Digest.sha256(bytes))
            invocation.answer([
                "file": .string(path), "size": .int(Int64(bytes.count)), "digest": .string(digest), "key": .string(key.verifyingKey.fingerprint),
            ]) { "\(path): \(bytes.count) bytes, SHA-256 \(digest), signed by \(key.verifyingKey.fingerprint)" }
            return .done
        },
        Verb(
            "plugin dev", "FOLDER", "Watch a plugin's folder: check and test it on a copy of a business whenever a file is saved",
            options: [.tenant, Option("once", nil, "Do it once and end")],
            details: "Keeps what is saved as a draft on the server, runs the tests that it can concern, and ends with Ctrl-C."
        ) { invocation in try PluginDevelopment(invocation).run() },
    ]
}

enum PublisherKey {
    /// - Throws: `UsageError` where there is no home folder to look in.
    static func path(of publisher: String, _ given: String?) throws -> String {
        if let given { return Paths.absolute(given) }
        guard let home = environment("HOME"), !publisher.isEmpty, !publisher.contains("/") else { throw UsageError("Name the key's file") }
        return "\(home)/.kontor/\(publisher).key"
    }
}

/// The plugins that a plugin under work may depend on: those beside the program.
struct PluginShelf {
    private let shipped: Shipped

    init(_ invocation: Invocation) throws {
        shipped = Shipped(home: try invocation.home())
    }

    /// What is wrong with the files of a folder, one finding each.
    func check(_ folder: String) throws -> [Value] {
        let files = try PluginFiles.read(folder: folder)
        let shipped = shipped
        return try ScriptThread.run {
            PluginProbe.findings(files, dependencies: try PluginShelf.packages(shipped))
        }
    }

    private static func packages(_ shipped: Shipped) throws -> [PluginPackage] {
        var waiting = try shipped.pluginNames().map { try shipped.plugin($0) }
        var packages: [PluginPackage] = []
        // Each behind what it depends on; one that cannot be read is left out.
        var wentOn = true
        while wentOn, !waiting.isEmpty {
            wentOn = false
            for index in waiting.indices.reversed() {
                guard let package = try? PluginPackage(files: waiting[index], dependencies: packages) else { continue }
                packages.append(package)
                waiting.remove(at: index)
                wentOn = true
            }
        }
        return packages
    }

    static func text(_ findings: [Value]) -> String {
        findings.map { finding in
            let place = [finding["file"]?.string, finding["line"]?.int.map(String.init), finding["column"]?.int.map(String.init)]
            let hint = finding["hint"]?.string.map { " (\($0))" } ?? ""
            return place.compactMap { $0 }.joined(separator: ":") + ": \(finding.text("severity")): \(finding.text("message"))\(hint)\n"
        }.joined()
    }
}

/// An installation on a copy, of a folder that nobody signed.
struct Rehearsal {
    private let api: API
    private let place: API.Place

    init(_ api: API, _ place: API.Place) {
        self.api = api
        self.place = place
    }

    func run(_ folder: String) throws -> (report: Value, isGood: Bool) {
        let files = try PluginFiles.read(folder: folder)
        // Nothing is installed, so any key will do.
        let archive = try ScriptThread.run { try PluginArchive.pack(files, key: .generate()) }
        let source = PluginSource(archive: archive)
        do {
            _ = try source.plan(api, place)
            let report = try source.rehearse(api, place)
            try source.discard(api, place)
            return (report, true)
        } catch let problem as Problem where problem.status < 500 {
            try? source.discard(api, place)
            var report: Object = ["ok": false, "code": .string(problem.code), "detail": .string(problem.detail)]
            for (key, value) in problem.extra { report[key] = value }
            return (.object(report), false)
        }
    }

    static func text(_ report: Value) -> String {
        let tests = report["tests"]?.array ?? report["trial"]?["tests"]?.array ?? []
        let lines = tests.map { test in
            test["ok"] == false
                ? "\(test.text("where")): \(test.text("name")): \(test.text("message"))\n" : "ok  \(test.text("name"))\n"
        }.joined()
        if let detail = report["detail"]?.string { return lines + detail }
        return lines + "\(tests.count) tests passed on a copy"
    }
}
