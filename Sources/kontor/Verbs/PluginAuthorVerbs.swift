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
        Verb(
            "plugin check", "FOLDER", "Check a plugin's files without installing it",
            options: [
                Option("tenant", "ID", "Beside what this business has installed (else beside what came with the program)"), PluginParcel.with,
            ]
        ) { invocation in
            let arguments = invocation.arguments
            let folder = try arguments.word(0, "FOLDER")
            let findings: [Value]
            if arguments.has("tenant") {
                let (api, place) = try invocation.tenantAPI()
                findings = try PluginParcel(folder, with: arguments.all("with")).findings(api, place)
            } else {
                findings = try PluginShelf(invocation, with: arguments.all("with")).check(Paths.absolute(folder))
            }
            invocation.answer(["findings": .array(findings)]) { PluginShelf.text(findings) + "\(findings.count) findings" }
            return findings.contains { $0["severity"] == "error" } ? .refused : .done
        },
        Verb(
            "plugin test", "FOLDER", "Install a plugin on a copy of a business and run its tests there", options: [.tenant, PluginParcel.with],
            details: "The business itself does not change. The plugin need not be signed, and its publisher may be anybody."
        ) { invocation in
            let (api, place) = try invocation.tenantAPI()
            let folder = try invocation.arguments.word(0, "FOLDER")
            let rehearsal = try Rehearsal(folder, with: invocation.arguments.all("with"))
            let (report, isGood) = try rehearsal.run(api, place)
            invocation.answer(report) { rehearsal.text(report) }
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
            options: [
                .tenant, Option("once", nil, "Do it once and end"),
                Option("key", "FILE", "The publisher's key to sign the draft with (else any, and it is for trials)"),
            ],
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

/// The plugins that a plugin under work may depend on: those beside the program, and those in hand.
struct PluginShelf {
    private let shipped: Shipped
    private let others: [[String: [UInt8]]]

    /// - Parameter with: folders and archives; they stand before those beside the program.
    init(_ invocation: Invocation, with others: [String] = []) throws {
        shipped = Shipped(home: try invocation.home())
        self.others = try others.map { try PluginParcel.files($0) }
    }

    /// What is wrong with the files of a folder, one finding each.
    func check(_ folder: String) throws -> [Value] {
        let files = try PluginFiles.read(folder: folder)
        return try ScriptThread.run {
            // What is in hand must be readable, so that what is wrong with it is told.
            let named = try others.map { (name: try Manifest(files: $0).name, files: $0) }
            let own = try? Manifest(files: files).name
            var waiting = try shipped.pluginNames().filter { name in name != own && !named.contains { $0.name == name } }.map { try shipped.plugin($0) }
            waiting += named.map(\.files)
            let packages = Self.packages(&waiting)
            for other in named.map(\.files) where waiting.contains(other) { _ = try PluginPackage(files: other, dependencies: packages) }
            return PluginProbe.findings(files, dependencies: packages)
        }
    }

    /// Each behind what it depends on; what cannot be read is left waiting.
    private static func packages(_ waiting: inout [[String: [UInt8]]]) -> [PluginPackage] {
        var packages: [PluginPackage] = []
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
