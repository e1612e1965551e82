import Core
import Glibc
import Ledger
import Platform
import Server
import Storage
import Synchronization
import Testing

/// When copies are made and kept, the second place, and what a restore takes care of.
@Suite struct BackupTests {
    private func write(_ house: TestHouse) throws {
        try house.acme.store.write { db in try db.run(SQL("INSERT INTO test_changes (note) VALUES ('x')")) }
    }

    private func house() throws -> TestHouse {
        let house = try TestHouse()
        try house.acme.store.write { try $0.execute(script: "CREATE TABLE test_changes (note TEXT) STRICT") }
        return house
    }

    private func actor(_ house: TestHouse) -> ActingUser { .service(at: house.clock.now()) }

    @Test func `copies are due by the clock, where something has changed, and the first of a month, week and day is kept longer`() throws {
        let house = try house()
        let service = BackupService(house.instance)
        func due() throws -> BackupService.Tier? { try service.due(house.acme, everyMinutes: 60) }
        func copy() throws { _ = try service.make(of: house.acme, tier: try #require(try due()), actor: actor(house)) }
        var tiers: [String] = []
        for hours in [1, 1, 23, 24, 24 * 6, 1, 24 * 31] as [Int64] {
            tiers.append(try due()?.rawValue ?? "none")
            try copy()
            #expect(try due() == nil)  // too soon
            house.advance(seconds: hours * 3_600)
            #expect(try due() == nil, "nothing has changed")
            try write(house)
        }
        tiers.append(try due()?.rawValue ?? "none")
        #expect(tiers == ["monthly", "hourly", "hourly", "daily", "daily", "weekly", "hourly", "monthly"])
        house.advance(seconds: -3_600 * 24 * 31 + 1_800)
        #expect(try due() == nil)
        // The system's own database is always due after its time.
        #expect(try service.due(nil, everyMinutes: 60) == .monthly)
    }

    @Test func `every copy lies in the second place too, as long as it is there`() throws {
        let house = try house()
        let ops = try house.operatorClient()
        let place = try Files.temporaryDirectory("second")
        defer { try? Files.removeTree(place) }
        for wrong: Value in ["relative", "/nowhere/at/all", .string(house.instance.dataPath + "/backups")] {
            #expect(try ops.send("PUT", "/api/backups/settings", ["second_place": wrong]).status == 422)
        }
        #expect(try ops.get("/api/backups/status").json["second_place"] == .null)
        #expect(try ops.send("PUT", "/api/backups/settings", ["second_place": .string(place)]).status == 200)
        let made = try ops.post("/api/backups", ["tenant_id": .int(house.acme.id)])
        #expect(made.status == 201, "\(made.text)")
        let items = try ops.get("/api/backups?tenant_id=\(house.acme.id)").json["items"]?.array ?? []
        #expect(items.map { $0["place"] } == ["local", "second"])
        let second = try #require(items.last)
        #expect(second["path"]?.string?.hasPrefix(place) == true)
        #expect(try Files.read(second["path"]?.string ?? "") == Files.read(items[0]["path"]?.string ?? ""))
        #expect(try ops.post("/api/backups/\(second["id"]?.int ?? 0)/verify", [:]).status == 200)
        var status = try ops.get("/api/backups/status").json
        #expect(status["second_place_ok"] == true)
        #expect(status["items"]?[1]?["newest_at_second_place"]?["id"] == second["id"])
        #expect(status["items"]?[1]?["changed_since"] == false)

        // The disk is gone: the copy here is made all the same, and it is told.
        try Files.removeTree(place)
        try Files.createDirectory(place)
        let alone = try ops.post("/api/backups", ["tenant_id": .int(house.acme.id)])
        #expect(alone.status == 500)
        #expect(alone.json["items"]?.array?.count == 1)
        #expect(alone.json["failed"]?[0]?["code"] == "backup.second_place_missing")
        status = try ops.get("/api/backups/status").json
        #expect(status["second_place_ok"] == false)
        #expect(status["items"]?[1]?["failure"]?["code"] == "backup.second_place_missing")
        #expect(try Files.list(place) == [])
        // Copies there are not forgotten while it cannot be seen.
        house.advance(seconds: 10 * 366 * 86_400)
        let later = try house.operatorClient()
        _ = try BackupService(house.instance).prune(now: house.clock.now())
        #expect(try later.get("/api/backups?tenant_id=\(house.acme.id)").json["items"]?.array?.contains { $0["id"] == second["id"] } == true)
        #expect(try later.send("PUT", "/api/backups/settings", ["second_place": .null]).status == 200)
        #expect(try later.post("/api/backups", ["tenant_id": .int(house.acme.id)]).status == 201)
        #expect(try later.get("/api/backups/status").json["items"]?[1]?["failure"] == .null)
    }

    @Test func `numbers given out after the copy are not given again after a restore`() throws {
        let house = try house()
        let clock = house.clock
        let user = LedgerActor(id: 1, label: "user")
        func next() throws -> String {
            try house.acme.store.write { db in
                try db.ledger(clock: clock).nextNumber(series: "invoice", date: .init("2026-01-20"), actor: user).text
            }
        }
        _ = try house.acme.store.write { db in
            try db.ledger(clock: clock).defineSeries(
                NewSeries(name: "invoice", format: NumberFormat("INV-{year}-{seq:4}"), reset: .year), actor: user)
        }
        #expect(try next() == "INV-2026-0001")
        let service = BackupService(house.instance)
        let backup = try service.make(of: house.acme, tier: .manual, actor: actor(house)).record
        #expect(try [next(), next(), next()].last == "INV-2026-0004")
        var seen: [Bool] = []
        _ = try service.restore(
            backup.id, actor: actor(house), reason: "test", swapped: { tenant in seen.append((try? tenant.store.read { _ in }) == nil) })
        #expect(seen == [true])  // told before anybody reads
        #expect(try next() == "INV-2026-0005")
        let problems = try house.acme.store.read { db in try db.ledger(clock: clock).verify().problems }
        #expect(problems == [])
    }

    @Test func `books that are checked while checkpoints are taken are never taken for cut off`() throws {
        let house = try TestHouse()
        let (client, other) = (try house.client(), try house.client())
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
        let stop = Flag(), ended = Flag()
        let acme = house.acme, instance = house.instance, application = house.application
        Thread.start(name: "copier", stackBytes: 1 << 20) {
            // As a copy does: each signs a chain that has gone on.
            var number = 0
            while !stop.isUp {
                number += 1
                let code = "9\(number)"
                try? acme.store.write { db in
                    _ = try db.ledger(clock: instance.clock).openAccount(
                        NewAccount(code: code, name: code, kind: .asset, currency: acme.currency), actor: LedgerActor(id: 0, label: "service"))
                }
                _ = application.perform(.post, "/api/ledger/checkpoints", tenant: acme)
            }
            ended.raise()
        }
        var faults: [String] = []
        for _ in 0..<200 {
            let answer = try other.post("/api/ledger/verify", [:])
            if answer.json["ok"] != true { faults.append(answer.text) }
        }
        stop.raise()
        while !ended.isUp { usleep(1_000) }
        #expect(faults == [])
    }

    @Test func `closing a month leaves a checkpoint outside the database, and a torn line spoils nothing`() throws {
        let house = try house()
        let client = try house.client()
        let path = "\(house.instance.dataPath)/checkpoints/\(house.acme.id).jsonl"
        _ = try client.post("/api/ledger/periods", ["from": "2026-01", "through": "2026-01"])
        #expect(!Files.exists(path))
        #expect(try client.post("/api/ledger/periods/2026-01/close", ["reason": "month end"]).status == 200)
        #expect(try Files.text(path).split(separator: "\n").count == 1)
        #expect(try client.post("/api/ledger/periods/2026-01/reopen", ["reason": "late"]).status == 200)
        #expect(try Files.text(path).split(separator: "\n").count == 1)
        let torn = Array("{\"book\":\"00".utf8)
        try Files.append(path, torn)
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
        #expect(try client.post("/api/ledger/checkpoints", [:]).status == 201)
        #expect(try Files.text(path).split(separator: "\n").count == 3)
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
        try Files.writeAtomically(path, "nothing\n")
        #expect(try client.post("/api/ledger/verify", [:]).json["problems"]?[0]?["kind"] == "checkpoint")
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isUp: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
}
