import CBridge
import Core
import Glibc
import Platform
import Scripting

/// `kontor plugin dev`: checks a folder whenever something in it is saved, keeps it as a draft on the server and tries it there
/// on a copy, with the tests that the change can concern.
final class PluginDevelopment {
    private let invocation: Invocation
    private let folder: String
    /// As it was written, so that an editor finds what is told.
    private let shown: String
    private let shelf: PluginShelf
    private let api: API
    private let place: API.Place
    /// With the same key the same files are the same draft. Any will do to try it; the publisher's makes a draft that can be installed.
    private let key: SigningKey
    /// As they were when all went through or was told.
    private var seen: [String: [UInt8]] = [:]
    private var failing: Set<String> = []
    private var isFirst = true

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        shown = try invocation.arguments.word(0, "FOLDER")
        folder = Paths.absolute(shown)
        key = try invocation.arguments["key"].map { try SigningKey(rawBytes: KeyFile.load(Paths.absolute($0))) } ?? .generate()
        shelf = try PluginShelf(invocation)
        (api, place) = try invocation.tenantAPI()
    }

    func run() throws -> ExitCode {
        if invocation.arguments.has("once") { return try round() ? .done : .refused }
        // Who started us may have held them back.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // Before the first look, so that what is saved meanwhile is seen.
        let watch = try FolderWatch(folder)
        standardError("watching \(folder)\n")
        var isGood = try round()
        while try watch.wait() { isGood = try round() }
        return isGood ? .done : .refused
    }

    /// One check and, where the files are in order, one trial.
    /// - Returns: whether all is well.
    private func round() throws -> Bool {
        do {
            let files = try PluginFiles.read(folder: folder)
            let findings = try shelf.check(folder)
            standardOutput(PluginShelf.text(findings))
            if findings.contains(where: { $0["severity"] == "error" }) { return false }
            let key = key
            let (name, bytes) = try ScriptThread.run { (try Manifest(files: files).name, try PluginArchive.pack(files, key: key)) }
            let path = "/api/plugin-drafts/\(name.percentEncoded)"
            _ = try api.send("PUT", path, (bytes, "application/gzip"), at: place)
            let tests = affected(files, name)
            let texts = PluginPlaces(files, plugin: name, folder: shown)
            do {
                let body: Value = tests.map { ["tests": .array($0.sorted().map(Value.string))] } ?? [:]
                let report = try api.ask("POST", path + "/test", body, at: place)
                took(files, report["trial"]?["tests"]?.array ?? [], tests, name)
                standardOutput(texts.text(report, isPart: tests != nil))
                return true
            } catch let problem as Problem where problem.status < 500 {
                var report: Object = ["code": .string(problem.code), "detail": .string(problem.detail)]
                for (key, value) in problem.extra { report[key] = value }
                took(files, report["tests"]?.array, tests, name)
                standardOutput(texts.text(.object(report), isPart: tests != nil))
                return false
            }
        } catch let problem as any ProblemConvertible where problem.problem.status < 500 {
            standardOutput("\(problem.problem.detail) (\(problem.problem.code))\n")
            return false
        }
    }

    /// The test files that what was saved can concern, and those that failed; nil for all.
    private func affected(_ files: [String: [UInt8]], _ name: String) -> Set<String>? {
        if isFirst { return nil }
        let changed = Set(files.keys).union(seen.keys).filter { files[$0] != seen[$0] }
        guard let tests = AffectedTests.of(files, changed: changed, plugin: name) else { return nil }
        return tests.union(failing.filter { files[$0] != nil })
    }

    /// - Parameter results: what the tests gave; nil where it did not come to them.
    private func took(_ files: [String: [UInt8]], _ results: [Value]?, _ tests: Set<String>?, _ name: String) {
        guard let results else { return }
        isFirst = false
        seen = files
        if let tests { failing.subtract(tests) } else { failing = [] }
        for test in results where test["ok"] == false {
            // `NAME/tests/x_test.lua:14`; what failed outside of the tests' own lines is looked for in all.
            let path = test.text("where").dropFirst(name.utf8.count + 1).prefix { $0 != ":" }
            if path.hasPrefix("tests/") { failing.insert(String(path)) } else { isFirst = true }
        }
    }
}

/// Places as an editor finds them: `FOLDER/tests/x_test.lua:14:3`.
struct PluginPlaces {
    private let files: [String: [UInt8]]
    private let plugin: String
    private let folder: String

    init(_ files: [String: [UInt8]], plugin: String, folder: String) {
        self.files = files
        self.plugin = plugin
        self.folder = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    }

    /// From `NAME/tests/x_test.lua:14`: the column is where the line's text begins.
    func place(_ text: String) -> String {
        let parts = text.split(separator: ":").map(String.init)
        guard let file = parts.first, let line = parts.dropFirst().first.flatMap(Int.init), line > 0 else { return text }
        let path = file.hasPrefix("\(plugin)/") ? String(file.dropFirst(plugin.utf8.count + 1)) : file
        guard let source = files[path] else { return text }
        let lines = source.split(separator: 10, maxSplits: line, omittingEmptySubsequences: false)
        let column = lines.count >= line ? lines[line - 1].prefix { $0 == 0x20 || $0 == 0x09 }.count + 1 : 1
        return "\(folder)/\(path):\(line):\(column)"
    }

    func text(_ report: Value, isPart: Bool) -> String {
        let tests = report["tests"]?.array ?? report["trial"]?["tests"]?.array ?? []
        var text = lines(of: tests)
        if let detail = report["detail"]?.string {
            if tests.isEmpty, let file = report["file"]?.string {
                text += "\(place("\(file):\(report["line"]?.int ?? 1)")): \(report["message"]?.string ?? detail)\n"
            } else {
                text += detail + "\n"
            }
        } else {
            text += "\(tests.count) tests passed on a copy\(isPart ? ", of those that the change can concern" : "")\n"
        }
        return text
    }

    /// A line for each test, and what was noted in those that failed.
    func lines(of tests: [Value]) -> String {
        tests.map { test in
            guard test["ok"] == false else { return "ok  \(test.text("name"))\n" }
            let notes = (test["trace"]?.array ?? []).map { note in
                "    \(note.text("label")): \(String(decoding: JSON.serialize(note["value"] ?? .null), as: UTF8.self))\n"
            }
            return "\(place(test.text("where"))): \(test.text("name")): \(test.text("message"))\n" + notes.joined()
        }.joined()
    }
}

/// Tells when files of a folder change, by inotify. Bursts (an editor's save is several events) count once.
final class FolderWatch {
    private let folder: String
    private var descriptor: Int32 = -1

    init(_ folder: String) throws {
        self.folder = folder
        try begin()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private func begin() throws {
        if descriptor >= 0 { close(descriptor) }
        descriptor = inotify_init1(Int32(0o2000000))  // IN_CLOEXEC
        guard descriptor >= 0 else { throw FileError("watch", folder, errno: errno) }
        func add(_ path: String) throws {
            // Written and closed, moved, made, removed.
            guard inotify_add_watch(descriptor, path, 0x0000_03C8) >= 0 else { throw FileError("watch", path, errno: errno) }
            for name in try Files.list(path) where !name.hasPrefix(".") && Files.isDirectory("\(path)/\(name)") { try add("\(path)/\(name)") }
        }
        try add(folder)
    }

    /// Waits for a change, then until a tenth of a second brings none.
    /// - Returns: false when a signal ended the wait.
    func wait() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        guard read(descriptor, &buffer, buffer.count) > 0 else { return false }
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while Glibc.poll(&poll, 1, 100) > 0 { _ = read(descriptor, &buffer, buffer.count) }
        // Folders may be new.
        try begin()
        return true
    }
}
