import Core
import Platform
import Server
import Storage
import Synchronization
import TestSupport
import Testing

/// What the operator is told: each thing once, by mail, until it is over.
@Suite struct AlertTests {
    /// A machine as a test wants it.
    private final class Machine: Sendable {
        private let state = Mutex((freePercent: Int64(50), memoryPercent: Int64(50)))
        func set(free: Int64? = nil, memory: Int64? = nil) {
            state.withLock { state in
                state.freePercent = free ?? state.freePercent
                state.memoryPercent = memory ?? state.memoryPercent
            }
        }

        var figures: MachineFigures {
            MachineFigures(
                space: { _ in Files.Space(free: self.state.withLock { $0.freePercent } << 30, total: 100 << 30) },
                memory: { MachineFigures.Memory(used: self.state.withLock { $0.memoryPercent } << 20, total: 100 << 20) })
        }
    }

    private static func house(_ machine: Machine, _ sink: Sink?, log: TestLog? = nil) throws -> TestHouse {
        let house = try TestHouse(log: log) { $0.machine = machine.figures }
        if let sink {
            let answer = try house.operatorClient().send("PATCH", "/api/alerts/settings", [
                "mail_host": "127.0.0.1", "mail_port": .int(Int64(sink.port)), "mail_tls": "none", "mail_user": "kontor",
                "mail_password": "s3cret", "mail_from": "kontor@example.com", "mail_to": ["ops@example.com"],
                "contacts": "On call: +233 555 0100",
            ])
            try #require(answer.status == 200, "\(answer.text)")
            #expect(answer.json["mail_password_set"] == true && !answer.text.contains("s3cret"))
        }
        return house
    }

    private static func conditions(_ sink: Sink) throws -> [String] {
        try sink.taken().compactMap { mail in
            mail["data"]?.string?.split(separator: "\r\n").first { $0.hasPrefix("Subject: ") }.map { String($0.dropFirst("Subject: Kontor: ".count)) }
        }
    }

    /// A job that failed for good.
    private static func failJob(_ house: TestHouse, _ name: String) throws {
        let actor = house.actor
        try house.acme.store.write { db in
            let (id, _) = try JobQueue(db).add(JobQueue.NewJob(name: name, dueAt: actor.at), actor: actor)
            try db.run(SQL("UPDATE platform_jobs SET state = 'dead', last_error = 'the shelf is empty', finished_at = ?2 WHERE id = ?1"), id, actor.at)
        }
    }

    @Test func `six things go wrong, six mails leave, each once until it is over`() throws {
        let sink = try Sink("smtp")
        let machine = Machine()
        let log = try TestLog()
        let house = try Self.house(machine, sink, log: log)
        let watch = house.application.alertWatch
        try watch.look()
        #expect(try Self.conditions(sink) == [], "all is well")
        _ = try house.client().get("/api/test/notes")
        house.acme.store.waitUntilQuiet()
        let used = house.acme.store.lastUsed
        try #require(house.acme.store.isOpen)
        _ = try house.anonymous("127.0.0.1").get("/metrics")
        try watch.look()
        #expect(house.acme.store.lastUsed == used, "who looks each minute keeps no database open")

        // The disk, the memory, work, an endpoint, a copy, a database.
        machine.set(free: 19, memory: 81)
        try Self.failJob(house, "chores.nightly")
        let client = try house.client()
        for number in 0..<40 { _ = try client.post("/api/test/notes", number % 4 == 0 ? ["text": "a", "break": true] : ["text": "a"]) }
        house.instance.backupLog.noteFailure(tenantID: house.acme.id, StorageError.full, at: house.instance.now)
        #expect(throws: StorageError.self) {
            try house.globex.store.write { db in
                db.failStatement(1)
                try db.run(SQL("UPDATE platform_settings SET key = key"))
            }
        }
        try #require(house.globex.store.failure != nil)
        for _ in 0..<5 {
            try watch.look()
            house.advance(seconds: 20)
        }
        let expected = [
            "automation.failed at business \(house.acme.id)", "backup.failed at business \(house.acme.id)",
            "database.failed at business \(house.globex.id)", "disk.low", "memory.high", "requests.failing",
        ]
        #expect(try Self.conditions(sink).sorted() == expected)
        let mail = try #require(try sink.taken().first { $0["data"]?.string?.contains("automation.failed") == true })
        #expect(mail["to"] == ["ops@example.com"] && mail["user"] == "kontor s3cret")
        #expect(mail["data"]?.string?.replacing("\r\n", with: " ").contains("the shelf is empty") == true
                && mail["data"]?.string?.contains("+233 555 0100") == true, "\(mail)")

        // They are listed, and in the log.
        let ops = try house.operatorClient()
        let listed = try ops.get("/api/alerts").json["items"]?.array ?? []
        #expect(Set(listed.compactMap { $0["condition"]?.string }).count == 6 && listed.allSatisfy { $0["mail"] == "sent" && $0["cleared_at"] == .null })
        #expect(listed.first { $0["condition"] == "requests.failing" }?["subject"] == "POST /api/test/notes")
        #expect(Set(try log.lines("alert.raised").compactMap { $0["condition"]?.string }).count == 6)
        #expect(try house.client().get("/api/alerts").status == 404, "they are the operator's")

        // They are over, and come again.
        machine.set(free: 20, memory: 80)
        house.instance.backupLog.forgetFailure(tenantID: house.acme.id)
        house.advance(seconds: 600)
        try watch.look()
        let left = try ops.get("/api/alerts").json["items"]?.array?.compactMap { $0["condition"]?.string } ?? []
        #expect(Set(left) == ["automation.failed", "database.failed"], "\(left)")
        #expect(try Self.conditions(sink).count == 6)
        #expect(try ops.get("/api/alerts?state=all").json["items"]?.array?.count == 6)
        machine.set(free: 3)
        try watch.look()
        #expect(try Self.conditions(sink).filter { $0 == "disk.low" }.count == 2, "a new time is told anew")
    }

    @Test func `what failed once and was cleared by hand is not told again, a state that lasts is`() throws {
        let machine = Machine()
        let house = try Self.house(machine, nil)
        let ops = try house.operatorClient()
        let watch = house.application.alertWatch
        machine.set(free: 1)
        try Self.failJob(house, "chores.nightly")
        try watch.look()
        for alert in try house.instance.alerts.list(onlyOpen: true, limit: 10) {
            house.advance(seconds: 1)
            #expect(try ops.send("POST", "/api/alerts/\(alert.id)/clear", [:]).status == 200)
        }
        try watch.look()
        #expect(try house.instance.alerts.list(onlyOpen: true, limit: 10).map(\.key.condition) == ["disk.low"])
        let all = try house.instance.alerts.list(onlyOpen: false, limit: 10)
        #expect(all.count == 3 && all.filter { $0.clearedBy == "ops" }.count == 2, "\(all)")
        // Another failure of the same job is news.
        house.advance(seconds: 60)
        try Self.failJob(house, "chores.nightly")
        try watch.look()
        #expect(try house.instance.alerts.list(onlyOpen: true, limit: 10).contains { $0.key.condition == "automation.failed" })
        #expect(try ops.send("POST", "/api/alerts/999/clear", [:]).code == "alert.not_found")
    }

    @Test func `a mail that does not leave is tried again, and what is open outlives the process`() throws {
        let machine = Machine()
        let sink = try Sink("smtp")
        let house = try Self.house(machine, sink)
        let ops = try house.operatorClient()
        #expect(try ops.send("PATCH", "/api/alerts/settings", ["mail_port": 1]).status == 200)
        machine.set(memory: 95)
        try house.application.alertWatch.look()
        let waiting = try #require(try house.instance.alerts.list(onlyOpen: true, limit: 1).first)
        #expect(waiting.mail == .waiting && waiting.mailAttempts == 1 && waiting.mailError != nil)
        #expect(try ops.send("POST", "/api/alerts/test-mail", [:]).code == "alert.mail_failed")
        _ = try ops.send("PATCH", "/api/alerts/settings", ["mail_port": .int(Int64(sink.port))])
        try house.application.alertWatch.look()
        #expect(try Self.conditions(sink) == [], "not before its time")
        house.advance(seconds: 60)
        try house.application.alertWatch.look()
        try house.application.alertWatch.look()
        #expect(try Self.conditions(sink) == ["memory.high"])
        #expect(try ops.send("POST", "/api/alerts/test-mail", [:]).json["sent"] == true)
        for (settings, code) in [
            (["mail_from": "nobody"], "mail.address_invalid"), (["mail_host": "a b"], "alert.mail_host_invalid"), (["disk_free_percent": 0], "request.invalid"),
        ] as [(Value, String)] {
            #expect(try ops.send("PATCH", "/api/alerts/settings", settings).code == code)
        }
    }

    @Test func `memory is that of the control group where it has a limit, without what can be dropped`() throws {
        let root = try Files.temporaryDirectory("kontor-machine")
        defer { try? Files.removeTree(root) }
        for folder in ["proc", "sys", "sys/fs", "sys/fs/cgroup"] { try Files.createDirectory("\(root)/\(folder)") }
        try Files.writeAtomically("\(root)/proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:   400 kB\n")
        #expect(MachineFigures.memory(root: root) == .init(used: 600 << 10, total: 1_000 << 10))
        try Files.writeAtomically("\(root)/sys/fs/cgroup/memory.max", "max\n")
        try Files.writeAtomically("\(root)/sys/fs/cgroup/memory.current", "300000\n")
        #expect(MachineFigures.memory(root: root)?.total == 1_000 << 10)
        try Files.writeAtomically("\(root)/sys/fs/cgroup/memory.max", "500000\n")
        try Files.writeAtomically("\(root)/sys/fs/cgroup/memory.stat", "anon 200000\ninactive_file 100000\n")
        #expect(MachineFigures.memory(root: root) == .init(used: 200_000, total: 500_000))
    }
}
