import Core
import Platform
import Scripting

/// Plugins in hand, folders and archives, on their way to where they are checked and tried; nobody need have signed them.
struct PluginParcel {
    static let with = Option("with", "FOLDER|FILE", "Another plugin that it depends on (repeat)")

    /// What the API takes.
    let body: Value

    /// - Parameters:
    ///   - place: a folder or an archive.
    ///   - others: likewise.
    init(_ place: String, with others: [String]) throws {
        body = ["archive": try Self.packed(place), "with": .array(try others.map { try Self.packed($0) })]
    }

    /// Whether a word is a folder or a file rather than a plugin's name.
    static func isMeant(by word: String) -> Bool {
        let path = Paths.absolute(word)
        return word.contains("/") || word.contains(".") || Files.exists(path + "/plugin.lua") || Files.exists(path) && !Files.isDirectory(path)
    }

    static func files(_ place: String) throws -> [String: [UInt8]] {
        let path = Paths.absolute(place)
        if Files.isDirectory(path) { return try PluginFiles.read(folder: path) }
        let bytes = try Files.read(path, limit: PluginArchive.mostBytes)
        return try ScriptThread.run { try PluginArchive(bytes).files }
    }

    private static func packed(_ place: String) throws -> Value {
        let path = Paths.absolute(place)
        guard Files.isDirectory(path) else { return .string(Base64.encode(try Files.read(path, limit: PluginArchive.mostBytes))) }
        let files = try PluginFiles.read(folder: path)
        // Nothing is installed, so any key will do.
        return .string(Base64.encode(try ScriptThread.run { try PluginArchive.pack(files, key: .generate()) }))
    }

    func findings(_ api: API, _ place: API.Place) throws -> [Value] {
        try api.ask("POST", "/api/plugin-checks", body, at: place)["findings"]?.array ?? []
    }
}

/// An installation on a copy, of a folder that nobody signed.
struct Rehearsal {
    private let parcel: PluginParcel
    private let places: PluginPlaces

    init(_ folder: String, with others: [String]) throws {
        parcel = try PluginParcel(folder, with: others)
        let files = try PluginParcel.files(folder)
        places = PluginPlaces(files, plugin: try ScriptThread.run { try Manifest(files: files).name }, folder: folder)
    }

    func run(_ api: API, _ place: API.Place) throws -> (report: Value, isGood: Bool) {
        do {
            let findings = try parcel.findings(api, place)
            let errors = findings.filter { $0["severity"] == "error" }
            guard errors.isEmpty else {
                return (["ok": false, "code": errors[0]["code"] ?? .null, "findings": .array(findings)], false)
            }
            return (try api.ask("POST", "/api/plugin-trials", parcel.body, at: place), true)
        } catch let problem as Problem where problem.status < 500 {
            var report: Object = ["ok": false, "code": .string(problem.code), "detail": .string(problem.detail)]
            for (key, value) in problem.extra { report[key] = value }
            return (.object(report), false)
        }
    }

    /// All of it: each finding, each test, each failure with its place.
    func text(_ report: Value) -> String {
        if let findings = report["findings"]?.array { return PluginShelf.text(findings) + "\(findings.count) findings" }
        let tests = report["tests"]?.array ?? report["trial"]?["tests"]?.array ?? []
        let failed = tests.count { $0["ok"] == false }
        guard failed > 0 else { return places.text(report, isPart: false) }
        return places.lines(of: tests) + "\(failed) of \(tests.count) tests failed on a copy"
    }
}

/// What a plugin would have changed, as a person reads it.
struct ImpactText {
    private let report: Value

    init(_ report: Value) { self.report = report }

    private func amount(_ minor: Value?, _ code: Value?) -> String {
        guard let minor = minor?.int else { return "nothing" }
        guard let currency = code?.string.flatMap({ try? Currency($0) }) else { return String(minor) }
        return "\(Money(minor: minor, currency))"
    }

    var text: String {
        let currency = report["currency"]
        var text = "\(report.text("summary"))\n"
        if let count = report["refused"]?.int, count > 0 { text += "\(count) are refused in the same way with it and without\n" }
        if let count = report["unfinished"]?.int, count > 0 { text += "\(count) were left out: there was no time for them\n" }
        for route in report["routes"]?.array ?? [] where route["differ"] != 0 {
            text += "\(route.text("route")): \(route.text("differ")) of \(route.text("replayed")), \(amount(route["effect"], currency))\n"
            for example in route["examples"]?.array ?? [] {
                func end(_ side: String) -> String {
                    let end = example[side]
                    return end?["code"]?.string ?? end?.text("status") ?? ""
                }
                text += "  \(example.text("at")) \(example.text("user"))"
                text += end("before") == end("after") ? "\n" : ": \(end("before")), then \(end("after"))\n"
                for figure in example["figures"]?.array ?? [] {
                    text += "    \(figure.text("path")): \(amount(figure["before"], currency)), then \(amount(figure["after"], currency))\n"
                }
            }
        }
        for account in report["accounts"]?.array ?? [] {
            text += "account \(account.text("account")): \((account["change"]?.int ?? 0) > 0 ? "+" : "")\(amount(account["change"], account["currency"]))\n"
        }
        for effect in report["effects"]?.array ?? [] where effect["before"] != effect["after"] {
            text += "\(effect.text("kind")): \(effect.text("before")), then \(effect.text("after"))\n"
        }
        return text
    }
}
