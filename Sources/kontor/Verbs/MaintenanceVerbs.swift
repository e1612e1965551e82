import Core
import Glibc

enum MaintenanceVerbs {
    static let all = [
        Verb("doctor", "", "Look the installation over: folders, keys, space, databases, books") { invocation in
            let findings = try Doctor(invocation).examine()
            let isWell = findings.allSatisfy(\.ok)
            invocation.answer([
                "ok": .bool(isWell),
                "items": .array(
                    findings.map { ["what": .string($0.what), "ok": .bool($0.ok), "detail": .string($0.detail)] }),
            ]) {
                findings.map { "\($0.ok ? "ok  " : "BAD ") \($0.what): \($0.detail)\n" }.joined()
            }
            return isWell ? .done : .refused
        },
        Verb(
            "logs", "", "Print the end of the server's log",
            options: [
                Option("lines", "N", "So many lines (else 50)"), Option("request", "ID", "Only the lines of one request"),
                Option("module", "NAME", "Only what the scripts of this plugin logged"),
                Option("level", "LEVEL", "Only lines of this level: debug, info, warning or error"),
                Option("event", "NAME", "Only lines of this event: request, script.log, alert.raised, statement.slow …"),
                Option("tenant", "ID", "Only the lines about this business, by its number"),
                Option("text", "TEXT", "Only lines that hold this text"),
                Option("follow", nil, "Go on with what comes"),
            ]
        ) { invocation in
            let path = invocation.data() + "/log/kontor.log"
            guard Files.exists(path) else { throw Problem(404, "log.not_found", "There is no log at \(path).") }
            let count = try invocation.arguments.integer("lines", in: 1...1_000_000) ?? 50
            var tail = LogTail(path, try LogFilter(invocation.arguments))
            try tail.printLast(count)
            if invocation.arguments.has("follow") { try tail.follow() }
            return .done
        },
    ]
}

/// Looks an installation over.
struct Doctor {
    struct Finding {
        var what: String
        var ok: Bool
        var detail: String
    }

    private let invocation: Invocation
    private let data: String

    init(_ invocation: Invocation) {
        self.invocation = invocation
        data = invocation.data()
    }

    func examine() throws -> [Finding] {
        var findings: [Finding] = []
        let home = try invocation.home()
        for folder in ["Rules", "Plugins", "Web"] {
            findings.append(Finding(what: folder, ok: Paths.isFolder("\(home)/\(folder)"), detail: "\(home)/\(folder)"))
        }
        findings.append(
            Finding(what: "time zones", ok: (try? TimeZone("Europe/London")) != nil, detail: "the system's zoneinfo (Debian's tzdata)"))
        guard Files.isDirectory(data) else {
            return findings + [Finding(what: "data folder", ok: false, detail: "there is none at \(data)")]
        }
        findings.append(privacy("data folder", data))
        if Files.isDirectory(data + "/keys") {
            findings.append(privacy("keys", data + "/keys"))
            for key in try Files.list(data + "/keys") { findings.append(privacy("keys/\(key)", "\(data)/keys/\(key)")) }
        }
        let free = try Files.freeBytes(data)
        findings.append(Finding(what: "disk", ok: free > 1 << 30, detail: "\(free >> 20) MiB free"))
        let api = try API(data: data, home: home)
        findings.append(Finding(what: "server", ok: true, detail: api.isServed ? "answers at \(data)/kontor.sock" : "does not run: kontor serve"))
        findings.append(log(isServed: api.isServed))
        findings.append(try alerts(api))
        findings += try copies(api)
        for tenant in try api.all("/api/tenants", at: .operator) where tenant["status"]?.string == "active" {
            let state = Self.state(of: tenant, api)
            findings.append(Finding(what: "\(tenant.text("domain")) database", ok: state["ok"] == true, detail: state.text("detail")))
            guard state["ok"] == true else { continue }
            let place = API.Place.tenant(tenant.text("domain"))
            for item in try api.ask("GET", "/api/doctor", at: place)["items"]?.array ?? [] where item["what"]?.string != "database" {
                findings.append(
                    Finding(what: "\(tenant.text("domain")) \(item.text("what"))", ok: item["ok"] == true, detail: item.text("detail")))
            }
            do {
                let report = try api.ask("POST", "/api/ledger/verify", [:], at: .tenant(tenant.text("domain")))
                let problems = report["problems"]?.array ?? []
                findings.append(
                    Finding(
                        what: "\(tenant.text("domain")) book", ok: report["ok"] == true,
                        detail: problems.first.map { "\($0.text("kind")) at \($0.text("place")): \($0.text("detail"))" }
                            ?? "\(report.text("entries")) entries in order"))
            } catch let problem as Problem {
                findings.append(Finding(what: "\(tenant.text("domain")) book", ok: false, detail: problem.detail))
            }
        }
        return findings
    }

    /// Whether the log is there and can be read.
    private func log(isServed: Bool) -> Finding {
        let path = data + "/log/kontor.log"
        guard Files.exists(path) else {
            return Finding(what: "log", ok: true, detail: isServed ? "goes elsewhere (serve --log)" : "there is none yet: kontor serve begins it")
        }
        guard let end = try? Files.end(of: path, bytes: 64 << 10) else { return Finding(what: "log", ok: false, detail: "\(path) cannot be read") }
        let last = end.split(separator: 10).last.flatMap { try? JSON.parse(Array($0)) }
        return Finding(what: "log", ok: true, detail: "\(path), last line of \(last?["ts"]?.string ?? "an unknown time"): kontor logs")
    }

    private func alerts(_ api: API) throws -> Finding {
        let open = try api.all("/api/alerts", at: .operator)
        let names = open.map { $0.text("condition") + ($0["tenant_id"] == .null ? "" : " at \($0.text("tenant_id"))") }
        return Finding(what: "alerts", ok: open.isEmpty, detail: open.isEmpty ? "none is open" : "\(names.joined(separator: ", ")): kontor alerts")
    }

    /// How old the newest copy of each database is, and whether it is there to be brought back.
    private func copies(_ api: API) throws -> [Finding] {
        let created = Dictionary(
            try api.all("/api/tenants", at: .operator).map { ($0["id"]?.int, $0["created_at"]?.string) }, uniquingKeysWith: { first, _ in first })
        let catalogue = Dictionary(try api.all("/api/backups", at: .operator).map { ($0["id"]?.int, $0) }, uniquingKeysWith: { first, _ in first })
        let limit = SystemClock().now().adding(seconds: -Self.oldestCopySeconds)
        func isOld(_ text: String?) -> Bool { (text.flatMap { try? Instant($0) }).map { $0 < limit } ?? false }
        return try (api.ask("GET", "/api/backups/status", at: .operator)["items"]?.array ?? []).map { item in
            let what = "\(item["domain"]?.string ?? "system") copy"
            if let failure = item["failure"]?["detail"]?.string { return Finding(what: what, ok: false, detail: "the last one failed: \(failure)") }
            guard let newest = item["newest"], newest != .null else {
                let isYoung = !isOld(created[item["tenant_id"]?.int] ?? nil)
                return Finding(what: what, ok: isYoung, detail: "there is none yet: kontor backup, or kontor serve within the hour")
            }
            let made = newest["created_at"]?.string
            if isOld(made), item["changed_since"] == true {
                return Finding(what: what, ok: false, detail: "the newest is of \(made ?? ""), and there were changes since: kontor backup")
            }
            let record = catalogue[newest["id"]?.int]
            guard newest["verified_at"]?.string != nil, let path = record?["path"]?.string, (try? Files.size(path)) == record?["size"]?.int else {
                return Finding(what: what, ok: false, detail: "the newest, of \(made ?? ""), is not there as it was made: kontor backup")
            }
            return Finding(what: what, ok: true, detail: "of \(made ?? ""), read back, can be brought back: kontor restore \(newest.text("id"))")
        }
    }

    /// An hour beyond a day, in which the daily copy is made.
    private static let oldestCopySeconds: Int64 = 25 * 3_600

    /// Whether a business's database can be opened and written.
    static func state(of tenant: Value, _ api: API) -> Value {
        var state: Object = ["id": tenant["id"] ?? .null, "domain": tenant["domain"] ?? .null]
        do {
            let health = try api.ask("GET", "/api/health/detailed", at: .tenant(tenant.text("domain")))
            state["ok"] = .bool(health["status"] == "ok")
            state["detail"] = health["status"] ?? "ok"
        } catch {
            state["ok"] = false
            state["detail"] = .string((error as? any ProblemConvertible)?.problem.detail ?? "\(error)")
        }
        return .object(state)
    }

    /// Nobody but the owner may look into it.
    private func privacy(_ what: String, _ path: String) -> Finding {
        guard let mode = try? Files.mode(path) else { return Finding(what: what, ok: false, detail: "\(path) cannot be read") }
        let text = "\(path), mode 0\(String(mode, radix: 8))"
        return Finding(what: what, ok: mode & 0o077 == 0, detail: mode & 0o077 == 0 ? text : text + ": others can look into it")
    }
}

/// The end of a log file, and what is added to it.
private struct LogTail {
    private let path: String
    private let filter: LogFilter
    private var position: Int64 = 0
    private var partial: [UInt8] = []

    init(_ path: String, _ filter: LogFilter) {
        self.path = path
        self.filter = filter
    }

    mutating func printLast(_ count: Int) throws {
        // 64 MiB from the end are enough for any number of lines that somebody reads.
        position = max(0, try Files.size(path) - 64 << 20)
        let lines = try newLines()
        standardOutput(lines.suffix(count).map { $0 + "\n" }.joined())
    }

    mutating func follow() throws {
        while true {
            usleep(200_000)
            if try Files.size(path) < position { position = 0 }
            standardOutput(try newLines().map { $0 + "\n" }.joined())
        }
    }

    private mutating func newLines() throws -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("read", path, errno: errno) }
        defer { close(descriptor) }
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        var lines: [String] = []
        while case let count = pread(descriptor, &piece, piece.count, off_t(position)), count > 0 {
            position += Int64(count)
            for byte in piece[..<count] {
                if byte != 10 {
                    partial.append(byte)
                    continue
                }
                let line = String(decoding: partial, as: UTF8.self)
                partial = []
                if filter.takes(line) { lines.append(line) }
            }
        }
        return lines
    }
}

/// Which lines of the log somebody wants to see.
private struct LogFilter {
    private let texts: [String]
    private let members: [(name: String, value: String)]

    init(_ arguments: Arguments) throws {
        texts = [arguments["request"], arguments["text"]].compactMap(\.self)
        var members: [(String, String)] = []
        for (option, member) in [("module", "plugin"), ("level", "level"), ("event", "event"), ("tenant", "tenant")] {
            if let value = arguments[option] { members.append((member, value)) }
        }
        if let level = arguments["level"], !["debug", "info", "warning", "error"].contains(level) {
            throw UsageError("--level takes debug, info, warning or error, not “\(level)”")
        }
        self.members = members
    }

    func takes(_ line: String) -> Bool {
        guard texts.allSatisfy({ line.contains($0) }) else { return false }
        if members.isEmpty { return true }
        guard let value = try? JSON.parse(line) else { return false }
        return members.allSatisfy { value[$0.name] != nil && value.text($0.name) == $0.value }
    }
}
