import Core
import Platform
import Server
import Storage
import Testing

/// What the operator sees of the databases and of what the server is busy with.
@Suite struct CareTests {
    // MARK: Slow statements

    /// Counts for as long as the clock of kept statements needs to see it several times.
    private static let long = SQL("WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?1) SELECT count(*) FROM n")

    @Test func `a slow statement is in the log and in the list, without its values`() throws {
        let log = try TestLog()
        let house = try TestHouse(log: log)
        house.instance.statements.slowMilliseconds = 20
        var rows: Int64 = 100_000
        // As many rows as take that long here, however fast it is.
        while try log.lines("statement.slow").isEmpty, rows < 100_000_000 {
            let most = rows
            _ = try house.acme.store.read { db in try db.integer(Self.long, most) }
            rows *= 4
        }
        let line = try #require(try log.lines("statement.slow").first)
        #expect(line["tenant"] == .int(house.acme.id) && line["statement"] == .string(Self.long.text), "\(line)")
        #expect(line["ms"]?.int ?? 0 >= 20)
        for client in [try house.client(), try house.operatorClient()] {
            let items = try client.get("/api/statistics/statements").json["items"]?.array ?? []
            let first = try #require(items.first { $0["statement"] == .string(Self.long.text) }, "\(items)")
            #expect(items.count <= 20 && first["tenant_id"] == .int(house.acme.id))
            #expect(try #require(first["maximum_ms"]?.decimal) >= Decimal(20))
            #expect(first["maximum_ms"]?.decimal ?? Decimal(0) >= first["average_ms"]?.decimal ?? Decimal(0))
            let averages = items.compactMap { $0["average_ms"]?.decimal }
            #expect(averages == averages.sorted(by: >))
        }
        #expect(try house.client(at: house.globex).get("/api/statistics/statements").json.description.contains("RECURSIVE") == false)
        #expect(try house.operatorClient().get("/api/statistics/statements?tenant_id=\(house.globex.id)").json.description.contains("RECURSIVE") == false)
        #expect(try house.anonymous("127.0.0.1").get("/metrics").text.contains("kontor_slow_statements_total"))
    }

    // MARK: Connections

    @Test func `connections are counted by what they do`() throws {
        let gate = Gate()
        let waiting = Endpoint(
            .get, "/api/test/wait", access: .signedIn, execution: .read,
            documentation: .init("Wait", tag: "Test", replies: [.init(200, "Done.", .map(.any))])
        ) { _ in
            gate.pass()
            return Reply(200, [:])
        }
        let house = try TestHouse(endpoints: TestEndpoints.all + [waiting])
        defer { withExtendedLifetime(house) { gate.open() } }
        let ops = try house.operatorClient()
        func counts() throws -> Value { try ops.get("/api/health/detailed").json["connections"] ?? .null }
        // The one that asks is at work itself.
        #expect(try counts() == ["total": 1, "idle": 0, "reading": 0, "working": 1, "sending": 0, "streaming": 0])
        // Seven rest, one has sent half a head, one half a body, one waits for its answer, one watches events.
        let resting = try (0..<7).map { _ in try house.client() }
        for client in resting { #expect(try client.get("/api/test/notes").status == 200) }
        let token = try house.token()
        let halfBody = try RawClient(port: house.port)
        halfBody.send("POST /api/test/notes HTTP/1.1\r\nHost: acme.localhost\r\nAuthorization: Bearer \(token)\r\nContent-Length: 10\r\n\r\nabc")
        let atWork = try RawClient(port: house.port)
        atWork.send("GET /api/test/wait HTTP/1.1\r\nHost: acme.localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
        gate.awaitArrival()
        let watching = try RawClient(port: house.port)
        watching.send("GET /api/events HTTP/1.1\r\nHost: acme.localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
        #expect(try watching.readHead().status == 200)
        let expected: Value = ["total": 11, "idle": 7, "reading": 1, "working": 2, "sending": 0, "streaming": 1]
        // What is on its way to a connection's thread takes a moment.
        var seen = Value.null
        for _ in 0..<1_000 where seen != expected { seen = try counts() }
        #expect(seen == expected)
        let metrics = try house.anonymous("127.0.0.1").get("/metrics").text
        #expect(metrics.contains("kontor_connections{state=\"idle\"} 8") && metrics.contains("kontor_connections{state=\"streaming\"} 1"), "\(metrics)")
        #expect(try house.client().get("/api/health/detailed").json["connections"] == nil, "they are the operator's")
        withExtendedLifetime((resting, halfBody, atWork, watching)) {}
    }

    // MARK: Shape

    /// Many rows, of which most go again.
    private static func fill(_ tenant: Tenant, rows: Int64) throws {
        try tenant.store.write { db in
            try db.execute(script: """
                CREATE TABLE test_heap (id INTEGER PRIMARY KEY, word TEXT NOT NULL, number INTEGER NOT NULL) STRICT;
                CREATE INDEX test_heap_number_idx ON test_heap (number);
                WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < \(rows))
                INSERT INTO test_heap (word, number) SELECT printf('%0200d', x), x % 97 FROM n;
                DELETE FROM test_heap WHERE id % 5 <> 0;
                """)
        }
    }

    @Test func `a database that was brought into shape is smaller, whole, and its indexes are used`() throws {
        let house = try TestHouse()
        try Self.fill(house.acme, rows: 20_000)
        let client = try house.client()
        let before = try client.get("/api/database/sizes").json
        let items = before["items"]?.array ?? []
        let sum = items.reduce(Int64(0)) { $0 + ($1["pages"]?.int ?? 0) } + (before["free_pages"]?.int ?? 0)
        #expect(sum == before["pages"]?.int && sum > 1_000, "the pages of all are those of the file")
        #expect(items.compactMap { $0["bytes"]?.int } == items.compactMap { $0["bytes"]?.int }.sorted(by: >))
        #expect(items.first?["name"] == "test_heap" && items.contains { $0["name"] == "test_heap_number_idx" && $0["table"] == "test_heap" && $0["kind"] == "index" })
        _ = try house.acme.store.betweenTurns { db, _ in try db.checkpoint(.truncate) }
        #expect(try Files.size(house.acme.store.path) == before["bytes"]?.int)

        let run = try client.post("/api/database/maintenance", [:]).json
        #expect(run["result"] == "done" && run["compacted"] == true && run["by"] == "admin", "\(run)")
        #expect(run["bytes_before"] == before["bytes"])
        let after = try client.get("/api/database/sizes").json
        #expect(run["bytes_after"] == after["bytes"] && after["free_pages"] == 0)
        #expect(try #require(after["bytes"]?.int) < #require(before["bytes"]?.int) / 2)
        let indexes = try house.acme.store.read { db in try db.integer(SQL("SELECT count(*) FROM sqlite_schema WHERE type = 'index'")) }
        #expect(run["indexes_rebuilt"] == .int(indexes) && run["tables_analysed"]?.int ?? 0 >= 1)
        try house.acme.store.readAlone { db in
            #expect(try db.soundness(full: true) == [])
            #expect(try db.integer(SQL("SELECT count(*) FROM test_heap")) == 4_000)
            let plan = try db.query(SQL("EXPLAIN QUERY PLAN SELECT word FROM test_heap WHERE number = 5")) { $0.text(3) }
            #expect(plan.joined().contains("USING INDEX test_heap_number_idx"), "\(plan)")
        }
        #expect(try house.application.instance.system.maintenanceRuns(tenant: house.acme.id, limit: 9).count == 1)
        #expect(try client.get("/api/database/maintenance").json["items"]?.array?.first?["bytes_after"] == run["bytes_after"])
        #expect(try house.client(at: house.globex).get("/api/database/maintenance").json["items"] == [])
        // What keeps history still does, and the house goes on.
        #expect(throws: StorageError.self) { try house.acme.store.write { db in try db.run(SQL("DELETE FROM platform_audit")) } }
        #expect(try client.post("/api/test/notes", ["text": "a"]).status == 201)
        try house.user("kofi")
        #expect(try house.client("kofi").get("/api/database/sizes").status == 403)
        #expect(try house.client("kofi").post("/api/database/maintenance", [:]).status == 403)
    }

    @Test func `what would hold up a change gives way to it and is left for the next time`() throws {
        let house = try TestHouse()
        try Self.fill(house.acme, rows: 300)
        // A change that always waits: each step finds the next one in the queue.
        let store = house.acme.store
        var attempts = 0
        let outcome = Result {
            try store.betweenTurns { db, isWanted in
                try store.submit(Nothing())
                #expect(isWanted())
                try db.rebuild(index: "test_heap_number_idx") {
                    attempts += 1
                    return isWanted()
                }
            }
        }
        // Of few rows it may be done before it is asked; then it was no hold-up either.
        if attempts > 0 {
            #expect(throws: StorageError.interrupted) { try outcome.get() }
        }
        #expect(try store.readAlone { db in try db.soundness(full: true) } == [])
        #expect(try house.client().post("/api/test/notes", ["text": "a"]).status == 201)
    }

    private final class Nothing: LaneWork {
        func perform(_ db: Connection) throws {}
        func refused(_ error: any Error, _ db: Connection) throws {}
        func finished(_ outcome: LaneOutcome) {}
    }

    @Test func `its time is the night of each business, once`() throws {
        let house = try TestHouse()
        let care = DatabaseCare(house.instance)
        func due(_ at: String) throws -> [String] { try care.due(now: Instant(at)).map(\.domain) }
        // Globex is in London, Acme in Accra: both at UTC in January. Sunday, 11 January 2026, 03:00.
        #expect(try due("2026-01-11T02:59:00.000Z") == [])
        #expect(try due("2026-01-11T03:00:00.000Z") == ["acme.localhost", "globex.localhost"])
        #expect(try due("2026-01-11T06:30:00.000Z") == [], "a server that starts in the morning waits for the next night")
        // In July London is an hour ahead.
        #expect(try due("2026-07-12T02:00:00.000Z") == ["globex.localhost"])
        let ops = try house.operatorClient()
        #expect(try ops.send("PATCH", "/api/maintenance/settings", ["cron": "30 1 * * *"]).json == ["enabled": true, "cron": "30 1 * * *"])
        #expect(try ops.send("PATCH", "/api/maintenance/settings", ["cron": "often"]).code == "maintenance.cron_invalid")
        #expect(try due("2026-01-12T01:45:00.000Z").count == 2)
        let at = try Instant("2026-01-12T01:45:00.000Z")
        _ = try care.run(house.acme, actor: .service(at: at))
        #expect(try due("2026-01-12T01:50:00.000Z") == ["globex.localhost"], "not twice in a night")
        #expect(try due("2026-01-13T01:50:00.000Z").count == 2)
        try ReadOnly.begin(house.acme, .freeze, actor: .service(at: at), reason: "to be looked at")
        #expect(try due("2026-01-13T01:50:00.000Z") == ["globex.localhost"], "what only reads is left alone")
        #expect(throws: Problem.self) { try care.run(house.acme, actor: .service(at: at)) }
        try ReadOnly.end(house.acme, actor: .service(at: at), reason: "looked at")
        _ = try ops.send("PATCH", "/api/maintenance/settings", ["enabled": false])
        #expect(try due("2026-01-13T01:50:00.000Z") == [])
        #expect(try ops.get("/api/maintenance").json["items"]?.array?.count == 1)
    }
}
