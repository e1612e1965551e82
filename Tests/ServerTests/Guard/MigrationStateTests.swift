import Core
import Platform
import Server
import Storage
import Testing

/// How a tenant's schema stands, and the way back.
@Suite struct MigrationStateTests {
    private func rows(_ path: String) throws -> [String: Int64] {
        let db = try Connection(path: path, mode: .reader)
        defer { db.close() }
        var rows: [String: Int64] = [:]
        for table in try db.query(SQL("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"), row: { $0.text(0) }) {
            rows[table] = try db.integer(SQL("SELECT count(*) FROM \"\(table)\""))
        }
        return rows
    }

    @Test func `steps are told as pending until the database is opened, and undone by the copy of before with equal rows`() throws {
        let folder = try Files.temporaryDirectory("kontor-migrations")
        defer { try? Files.removeTree(folder) }
        let clock = ManualClock(try Instant("2026-01-05T09:00:00Z"))
        func open(_ migrations: [Migration]) throws -> Instance {
            try Instance.open(
                data: folder, home: folder, clock: clock,
                configuration: InstanceConfiguration(tenantMigrations: migrations, laneThreads: 2, passwordCost: .minimum))
        }
        let more = Migration(room: "later", number: 1, name: "a table of later", sql: "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT; INSERT INTO later VALUES (1);")
        let old = try open(TenantMigrations.all)
        let made = try old.createTenant(
            NewTenant(name: "Acme", domain: "acme.localhost", currency: "GHS", country: "GH", timeZone: "Africa/Accra"),
            actor: .service(at: clock.now()))
        let (id, path) = (made.id, made.store.path)
        let actor = ActingUser.service(at: clock.now())
        _ = try made.store.write { db in try Audit.append(db, actor, "test.done", object: ("tenant", id)) }
        old.close()
        let before = try rows(path)

        clock.advance(milliseconds: 60_000)
        let new = try open(TenantMigrations.all + [more])
        let tenant = try new.directory.tenant(id: id)
        var state = try new.migrationState(of: tenant)
        #expect(state.pending.map(\.room) == ["later"] && state.pending.map(\.name) == ["a table of later"])
        #expect(state.copy == nil && state.applied.count == TenantMigrations.all.count)
        #expect(!tenant.store.isOpen, "asking is not opening")
        #expect(throws: Problem.self) { try new.undoMigration(of: tenant) }
        try tenant.store.ensureOpen()
        state = try new.migrationState(of: tenant)
        #expect(state.pending.isEmpty && state.applied.last?.room == "later" && state.applied.last?.appliedAt == "2026-01-05T09:01:00.000Z")
        #expect(state.copy != nil)
        let done = try new.undoMigration(of: tenant)
        #expect(done.before["later"] == 1 && done.after == before)
        #expect(!tenant.store.isOpen)
        #expect(try rows(path) == before)
        #expect(try rows(done.former ?? "")["later"] == 1)
        #expect(try new.migrationState(of: tenant).pending.count == 1)
        new.close()
        // The program of before opens it again.
        let again = try open(TenantMigrations.all)
        try again.directory.tenant(id: id).store.ensureOpen()
        #expect(try again.migrationState(of: again.directory.tenant(id: id)).fault == nil)
        // And refuses what a newer one has changed, with the reason.
        again.close()
        let other = try open(Array(TenantMigrations.all.dropLast()))
        #expect(try other.migrationState(of: other.directory.tenant(id: id)).fault != nil)
        other.close()
    }

    @Test func `the operator asks over HTTP, and a server that runs undoes nothing`() throws {
        let house = try TestHouse()
        let ops = try house.operatorClient()
        let answer = try ops.get("/api/tenants/\(house.acme.id)/migrations")
        #expect(answer.status == 200 && answer.json["pending"] == [], "\(answer.text)")
        #expect(answer.json["applied"]?.array?.contains { $0["room"] == "ledger" && $0["checksum"]?.string?.count == 64 } == true)
        let path = "/api/tenants/\(house.acme.id)/migrations/undo"
        #expect(try ops.post(path, ["reason": "x"]).code == "migrate.no_copy")
        house.instance.scheduler.start()
        #expect(try ops.post(path, ["reason": "x"]).code == "migrate.served")
    }
}
