import Core
import Glibc
import Platform
import Server
import Storage
import Testing

/// Restoring to a moment, recovering what is damaged, and trying restores out.
@Suite struct RecoveryTests {
    private func texts(_ client: WebClient) throws -> [String] {
        try client.get("/api/test/notes").json["items"]?.array?.compactMap { $0["text"]?.string } ?? []
    }

    private func note(_ text: String, _ client: WebClient) throws {
        let answer = try client.post("/api/test/notes", ["text": .string(text)])
        #expect(answer.status == 201, "\(answer.text)")
    }

    /// A copy of 10:00, and notes of 09:30, 10:29 and 10:31.
    private func morning() throws -> (house: TestHouse, client: WebClient, ops: WebClient) {
        let house = try TestHouse()
        let client = try house.client()
        let ops = try house.operatorClient()
        house.clock.set(try Instant("2026-01-05T09:30:00Z"))
        try note("of 9:30", client)
        house.clock.set(try Instant("2026-01-05T10:00:00Z"))
        #expect(try ops.post("/api/backups", ["tenant_id": .int(house.acme.id)]).status == 201)
        house.clock.set(try Instant("2026-01-05T10:29:00Z"))
        try note("of 10:29", client)
        house.clock.set(try Instant("2026-01-05T10:31:00Z"))
        try note("of 10:31", client)
        house.clock.set(try Instant("2026-01-05T10:40:00Z"))
        return (house, client, ops)
    }

    private func steps(_ answer: Value) -> [String] { answer["steps"]?.array?.compactMap { $0["step"]?.string } ?? [] }

    @Test func `restored to half past ten, what was done at 10:29 is there and what was done at 10:31 is not`() throws {
        let (house, client, ops) = try morning()
        let path = "/api/tenants/\(house.acme.id)/restore"
        #expect(try ops.post(path, ["to": "2026-01-05T09:59:00Z", "reason": "x"]).code == "backup.none_before")
        #expect(try ops.post(path, ["to": "2026-01-06T09:59:00Z", "reason": "x"]).code == "backup.moment_invalid")
        #expect(try texts(client).count == 3)
        let answer = try ops.post(path, ["to": "2026-01-05T10:30:00Z", "reason": "a wrong note"])
        #expect(answer.status == 200, "\(answer.text)")
        let done = answer.json
        #expect(try texts(client) == ["of 9:30", "of 10:29"])
        #expect(steps(done) == ["stop", "copy", "increments", "verify", "restore", "open", "compare", "report", "health", "backup", "tell"])
        #expect(done["steps"]?.array?.allSatisfy { $0["ok"] == true } == true, "\(answer.text)")
        #expect(done["reached_at"] == "2026-01-05T10:29:00.000Z")
        #expect(done["loss"] == ["from": "2026-01-05T10:29:00.000Z", "to": "2026-01-05T10:40:00.000Z"], "\(answer.text)")
        let audit = try #require(done["records"]?.array?.first { $0["type"] == "audit.row" })
        #expect(audit["rows_before"] != .null && audit["newest_after"]?["at"]?.string ?? "x" <= "2026-01-05T10:29:00.000Z", "\(audit)")
        // What was there is a copy of its own now, and can be brought back.
        let safety = try #require(done["safety_backup_id"]?.int)
        house.advance(seconds: 1)
        let again = try ops.post("/api/backups/\(safety)/restore", ["reason": "it was right after all"])
        #expect(again.status == 200, "\(again.text) \(answer.text)")
        #expect(try texts(client) == ["of 9:30", "of 10:29", "of 10:31"])
        // No moment that lies in a hole is made up of something else; before it and after it each is there.
        let log = house.instance.changeLogFolder(ofTenant: house.acme.id)
        #expect(try ChangeLog.items(log).count { $0.kind == .hole } == 2)
        house.clock.set(try Instant("2026-01-05T11:00:00Z"))
        try note("of 11:00", client)
        house.acme.store.waitUntilQuiet()
        #expect(house.acme.store.closeIfIdle())
        try ChangeLog.noteHole(log, at: house.clock.now(), "test")
        house.clock.set(try Instant("2026-01-05T11:05:00Z"))
        try note("of 11:05", client)
        let hole = try ops.post(path, ["to": "2026-01-05T11:04:00Z", "reason": "x"])
        #expect(hole.code == "backup.hole" && hole.json["detail"]?.string?.contains("2026-01-05T11:00:00.000Z") == true, "\(hole.text)")
        #expect(try texts(client).count == 5)
        #expect(try ops.post("/api/backups", ["tenant_id": .int(house.acme.id)]).status == 201)
        house.clock.set(try Instant("2026-01-05T11:10:00Z"))
        try note("of 11:10", client)
        house.clock.set(try Instant("2026-01-05T11:20:00Z"))
        try note("of 11:20", client)
        let later = try ops.post(path, ["to": "2026-01-05T11:15:00Z", "reason": "x"])
        #expect(later.status == 200, "\(later.text)")
        #expect(try texts(client).last == "of 11:10")
    }

    @Test func `a moment becomes a business of its own, and the one it was of is left alone`() throws {
        let (house, client, ops) = try morning()
        let answer = try ops.post(
            "/api/tenants/\(house.acme.id)/restore", ["to": "2026-01-05T10:30:00Z", "reason": "to look", "domain": "half-past-ten.localhost"])
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer.json["reached_at"] == "2026-01-05T10:29:00.000Z")
        let copy = try house.instance.directory.tenant(host: "half-past-ten.localhost")
        #expect(try texts(house.client(at: copy)) == ["of 9:30", "of 10:29"])
        #expect(try texts(client).count == 3)
        #expect(try Files.list("\(house.folder)/backups/\(house.acme.id)").contains { $0.hasPrefix(".moment") } == false)
    }

    @Test func `what a breach or a freeze ended stays ended when the database of before comes back`() throws {
        let (house, client, ops) = try morning()
        let browser = try house.browser()
        #expect(try ops.post("/api/backups", ["tenant_id": .int(house.acme.id)]).status == 201)
        let backup = try #require(ops.get("/api/backups?tenant_id=\(house.acme.id)").json["items"]?.array?.last?["id"]?.int)
        #expect(try ops.post("/api/tenants/\(house.acme.id)/breach", ["reason": "stolen"]).status == 200)
        #expect(try ops.post("/api/backups/\(backup)/restore", ["reason": "from before"]).status == 200)
        #expect(try client.get("/api/test/notes").status == 401)
        #expect(try browser.get("/api/session").status == 401)
        #expect(try house.client().post("/api/test/notes", ["text": "no"]).code == "tenant.read_only")
        #expect(try ops.send("DELETE", "/api/tenants/\(house.acme.id)/read-only", ["reason": "over"]).status == 200)
        #expect(try house.client().post("/api/test/notes", ["text": "yes"]).status == 201)
    }

    @Test func `a test restore tells what it found and leaves nothing, and a drill is kept`() throws {
        let (house, _, ops) = try morning()
        let answer = try ops.post("/api/tenants/\(house.acme.id)/test-restore", [:])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(steps(answer.json) == ["copy", "increments", "verify", "remove"])
        let users = try #require(answer.json["records"]?.array?.first { $0["type"] == "audit.row" })
        #expect((users["rows"]?.int ?? 0) > 0)
        #expect(try Files.list("\(house.folder)/backups/\(house.acme.id)").contains { $0.hasPrefix(".moment") } == false)
        #expect(try ops.post("/api/tenants/\(house.globex.id)/test-restore", [:]).code == "backup.none_before")
        let drill = try ops.post("/api/backups/drills", ["tenant_id": .int(house.acme.id)])
        #expect(drill.status == 201 && drill.json["ok"] == true, "\(drill.text)")
        // A copy that cannot be used is told, and kept as a drill that failed.
        for item in try ops.get("/api/backups?tenant_id=\(house.acme.id)").json["items"]?.array ?? [] {
            var bytes = try Files.read(item["path"]?.string ?? "")
            bytes[5_000] ^= 1
            try Files.writeAtomically(item["path"]?.string ?? "", bytes)
        }
        let failed = try ops.post("/api/backups/drills", ["tenant_id": .int(house.acme.id)])
        #expect(failed.status == 201 && failed.json["ok"] == false, "\(failed.text)")
        #expect(try ops.get("/api/backups/drills").json["items"]?.array?.map { $0["ok"] == true } == [false, true])
    }

    @Test func `a damaged database is brought back as new as copies and log allow, stays frozen, and the report says what is there`() throws {
        let (house, client, ops) = try morning()
        // On disk, log and all; then pages of it are overwritten while nobody looks.
        house.acme.store.waitUntilQuiet()
        #expect(house.acme.store.closeIfIdle())
        house.acme.rest()
        let path = house.acme.store.path
        let file = open(path, O_RDWR)
        let junk = [UInt8](repeating: 0x5A, count: 4_096)
        for page in 1..<Int(try Files.size(path) / 4_096) where page % 3 == 1 { _ = pwrite(file, junk, junk.count, off_t(page * 4_096)) }
        close(file)
        let answer = try ops.post("/api/tenants/\(house.acme.id)/recover", ["reason": "the disk went wrong"])
        #expect(answer.status == 200, "\(answer.text)")
        let done = answer.json
        #expect(steps(done).first == "freeze" && steps(done).contains("increments"))
        #expect(try texts(client) == ["of 9:30", "of 10:29", "of 10:31"])
        #expect(done["safety_backup_id"] == .null)
        #expect(Files.exists(done["former_file"]?.string ?? ""))
        #expect((done["applied_commits"]?.int ?? 0) >= 2)
        #expect(done["refused"]?["count"] == 0 || done["refused"]?["fault"]?.string != nil, "\(answer.text)")
        let refused = try client.post("/api/test/notes", ["text": "no"])
        #expect(refused.code == "tenant.read_only" && refused.json["cause"] == "recovery", "\(refused.text)")
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
        #expect(try client.send("DELETE", "/api/read-only", ["reason": "looked at"]).status == 200)
        try note("after", client)
    }

    @Test func `where the log has a hole the report lists what could not be put on`() throws {
        let (house, client, ops) = try morning()
        // The last segment is damaged, and the database with it.
        try house.acme.store.keepChanges()
        let log = house.instance.changeLogFolder(ofTenant: house.acme.id)
        _ = try client.post("/api/branches", ["code": "LOST", "name": "Lost", "business_type": "shop"])
        try house.acme.store.keepChanges()
        let last = try #require(try ChangeLog.items(log).last)
        var bytes = try Files.read(last.path)
        bytes[100] ^= 1
        try Files.writeAtomically(last.path, bytes)
        let answer = try ops.post("/api/tenants/\(house.acme.id)/recover", ["reason": "test"])
        #expect(answer.status == 200, "\(answer.text)")
        let increments = try #require(answer.json["steps"]?.array?.first { $0["step"] == "increments" })
        #expect(increments["ok"] == false && increments["detail"]?.string?.contains("not what was written") == true, "\(increments)")
        let refused = try #require(answer.json["refused"])
        #expect(refused["items"]?.array?.contains { $0["what"] == "branch.created" } == true, "\(refused)")
        #expect(refused["reason"]?.string?.contains("not what was written") == true)
        #expect(answer.json["loss"] != .null)
    }

    @Test func `a hole in the log asks for a copy before the hour is over, and old segments go`() throws {
        let (house, client, _) = try morning()
        let service = BackupService(house.instance)
        let actor = ActingUser.service(at: house.clock.now())
        _ = try service.make(of: house.acme, tier: .hourly, actor: actor)
        let log = house.instance.changeLogFolder(ofTenant: house.acme.id)
        house.advance(seconds: 300)
        house.acme.store.waitUntilQuiet()
        #expect(house.acme.store.closeIfIdle())
        try ChangeLog.noteHole(log, at: house.clock.now(), "test")
        house.advance(seconds: 60)
        try note("behind the hole", client)
        try house.acme.store.keepChanges()
        #expect(try service.due(house.acme, everyMinutes: 60) == nil)
        house.advance(seconds: 300)
        #expect(try service.due(house.acme, everyMinutes: 60) == .hourly)
        _ = try service.make(of: house.acme, tier: .hourly, actor: .service(at: house.clock.now()))
        house.advance(seconds: 1_000)
        #expect(try service.due(house.acme, everyMinutes: 60) == nil)
        let count = try ChangeLog.items(log).count
        house.advance(seconds: 3 * 86_400)
        try service.prune(now: house.clock.now())
        #expect(try ChangeLog.items(log).count == 1 && count > 1)
    }
}
