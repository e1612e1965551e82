import Core
import Platform
import Storage
import Testing

@Suite struct InstanceTests {
    private func reopened(_ folder: String, _ clock: ManualClock) throws -> Instance {
        try Instance.open(data: folder, home: folder, clock: clock, configuration: TestHouse.configuration)
    }

    private func new(_ domain: String, name: String = "Initech") -> NewTenant {
        NewTenant(name: name, domain: domain, currency: "GHS", country: "GH", timeZone: "Africa/Accra")
    }

    @Test func `the directory finds tenants by host name`() throws {
        let house = try TestHouse()
        #expect(try house.instance.directory.tenant(host: "acme.localhost") === house.acme)
        #expect(try house.instance.directory.tenant(host: "globex.localhost") === house.globex)
        #expect(code { try house.instance.directory.tenant(host: "initech.localhost") } == "tenant.not_found")
        #expect(code { try house.instance.directory.tenant(host: "ACME.localhost") } == "tenant.not_found")
        #expect(house.acme.currency.code == "GHS")
        #expect(house.acme.today(try Instant("2026-01-05T23:59:59.999Z")).description == "2026-01-05")
    }

    @Test func `a new tenant has its roles and its administrator, and the system's trail knows it`() throws {
        let house = try TestHouse()
        let roles = try house.acme.store.read { db in try Roles.list(db, limit: 100) }
        #expect(roles.map(\.name) == ["admin", "director", "manager", "cashier", "accountant"])
        let admin = try house.acme.store.read { db in try Users.find(db, username: "admin") }
        #expect(admin?.roles == ["admin"])
        let rows = try house.instance.system.store.read { db in try Audit.list(db, Audit.Filter(), limit: 10) }
        #expect(rows.compactMap { $0["action"] } == ["tenant.created", "tenant.created"])
        #expect(try house.instance.system.store.read { db in try Audit.verify(db) }.isWhole)
    }

    @Test func `a taken domain is refused and leaves nothing`() throws {
        let house = try TestHouse()
        let before = try Files.list("\(house.folder)/tenants")
        #expect(code { try house.instance.createTenant(new("ACME.localhost"), actor: house.actor) } == "tenant.domain_taken")
        #expect(try Files.list("\(house.folder)/tenants") == before)
        #expect(house.instance.directory.count == 2)
    }

    @Test(arguments: ["", "under_score.test", "-a.test", "a..test", "sp ace.test"])
    func `what is no host name is refused`(domain: String) throws {
        let house = try TestHouse()
        #expect(code { try house.instance.createTenant(new(domain), actor: house.actor) } == "tenant.domain_invalid")
    }

    @Test func `a creation that fails leaves nothing and can be repeated`() throws {
        let house = try TestHouse()
        let before = try Files.list("\(house.folder)/tenants")
        let failure = code {
            try house.instance.createTenant(new("initech.test"), actor: house.actor) { _ in
                throw Problem(409, "test.refused", "no")
            }
        }
        #expect(failure == "test.refused")
        #expect(try Files.list("\(house.folder)/tenants") == before)
        let made = try house.instance.createTenant(new("initech.test"), actor: house.actor)
        #expect(try house.instance.directory.tenant(host: "initech.test") === made)
    }

    @Test func `what a crash left half made is swept away at the next start`() throws {
        let folder = try Files.temporaryDirectory("kontor-crash")
        defer { try? Files.removeTree(folder) }
        let clock = ManualClock(try Instant(TestHouse.start))
        let crashed = try reopened(folder, clock)
        let kept = try crashed.createTenant(new("kept.test"), actor: .service(at: clock.now()))
        // Two creations as a crash leaves them: one before the rename of its folder, one after it.
        for number in [71, 72] {
            try crashed.system.store.write { db in
                try db.execute(
                    script: "INSERT INTO tenant_creations VALUES (\(number), 'half\(number).test', '2026-01-05T09:00:00.000Z')")
            }
        }
        try Files.createDirectory("\(folder)/tenants/.new-71")
        try Files.writeAtomically("\(folder)/tenants/.new-71/tenant.db", "half")
        try Files.createDirectory("\(folder)/tenants/72")
        try Files.writeAtomically("\(folder)/tenants/72/tenant.db", "half")
        // Nobody knows this one: it stays, as it may be somebody's data.
        try Files.createDirectory("\(folder)/tenants/99")
        crashed.close()

        let instance = try reopened(folder, clock)
        defer { instance.close() }
        #expect(try Files.list("\(folder)/tenants") == [String(kept.id), "99"].sorted())
        #expect(instance.directory.all.map(\.id) == [kept.id])
        let again = try instance.createTenant(new("half71.test"), actor: .service(at: clock.now()))
        #expect(again.id > 72)
    }

    @Test func `a deletion that a crash interrupted is undone or finished at the next start`() throws {
        let folder = try Files.temporaryDirectory("kontor-grave")
        defer { try? Files.removeTree(folder) }
        let clock = ManualClock(try Instant(TestHouse.start))
        let crashed = try reopened(folder, clock)
        let kept = try crashed.createTenant(new("kept.test"), actor: .service(at: clock.now())).id
        crashed.close()
        // Before the row was gone, and after it.
        try Files.rename("\(folder)/tenants/\(kept)", to: "\(folder)/tenants/.deleted-\(kept)")
        try Files.createDirectory("\(folder)/tenants/.deleted-44")
        let instance = try reopened(folder, clock)
        defer { instance.close() }
        #expect(try Files.list("\(folder)/tenants") == [String(kept)])
        let tenant = try instance.directory.tenant(host: "kept.test")
        #expect(try tenant.store.read { db in try Roles.find(db, name: "admin") } != nil)
    }

    @Test func `a start reads the system's database and opens no tenant's`() throws {
        let folder = try Files.temporaryDirectory("kontor-start")
        defer { try? Files.removeTree(folder) }
        let clock = ManualClock(try Instant(TestHouse.start))
        let first = try reopened(folder, clock)
        for number in 1...5 { _ = try first.createTenant(new("t\(number).test"), actor: .service(at: clock.now())) }
        first.close()
        let instance = try reopened(folder, clock)
        defer { instance.close() }
        #expect(instance.directory.count == 5)
        #expect(instance.directory.all.allSatisfy { !$0.store.isOpen })
        let tenant = try instance.directory.tenant(host: "t3.test")
        #expect(try tenant.store.read { db in try Roles.find(db, name: "admin") } != nil)
        #expect(instance.directory.all.filter(\.store.isOpen).map(\.id) == [tenant.id])
    }

    @Test func `one process owns the folder`() throws {
        let house = try TestHouse()
        #expect(code { try reopened(house.folder, house.clock) } == "storage.data_folder_locked")
    }

    @Test func `keys are the owner's only and stay over a restart`() throws {
        let folder = try Files.temporaryDirectory("kontor-keys")
        defer { try? Files.removeTree(folder) }
        let clock = ManualClock()
        let first = try reopened(folder, clock)
        let key = first.keys.signing.verifyingKey
        first.close()
        #expect(try Files.mode("\(folder)/keys") == 0o700)
        #expect(try Files.mode("\(folder)/keys/signing.key") == 0o600)
        let second = try reopened(folder, clock)
        #expect(second.keys.signing.verifyingKey == key)
        second.close()
        try Files.setMode("\(folder)/keys/secrets.key", 0o644)
        #expect(code { try reopened(folder, clock) } == "crypto.key_file_exposed")
    }

    @Test func `a suspended tenant is refused, its director may read it for thirty days`() throws {
        let house = try TestHouse()
        try house.user("kofi", roles: ["director"])
        try house.user("esi", roles: ["cashier"])
        _ = try house.instance.setStatus(ofTenant: house.acme.id, .inactive, actor: house.actor, reason: "unpaid")
        #expect(code { try house.instance.directory.tenant(host: "acme.localhost") } == "tenant.inactive")
        #expect(code { try house.signIn("esi") } == "tenant.inactive")
        let director = try house.session(try house.signIn("kofi").secret)
        #expect(director.restriction == .export)
        #expect(try house.call(.get, "/api/users", as: director).status == 200)
        #expect(code { try house.call(.post, "/api/branches", as: director, ["code": "X", "name": "X"]) } == "auth.read_only")
        // The note is queued before this write.
        _ = try house.acme.store.write { _ in 0 }
        #expect(try house.actions().filter { $0 == "tenant.read_while_inactive" }.count == 1)
        house.advance(seconds: 3_600)
        house.advance(seconds: 30 * 86_400)
        #expect(code { try house.signIn("kofi") } == "tenant.inactive")
        _ = try house.instance.setStatus(ofTenant: house.acme.id, .active, actor: house.actor, reason: "paid")
        #expect(try house.instance.directory.tenant(host: "acme.localhost") === house.acme)
        #expect(try house.session(try house.signIn("esi").secret).restriction == .none)
    }

    @Test func `changed facts hold at once and after a restart`() throws {
        let folder = try Files.temporaryDirectory("kontor-facts")
        defer { try? Files.removeTree(folder) }
        let clock = ManualClock(try Instant(TestHouse.start))
        let first = try reopened(folder, clock)
        let tenant = try first.createTenant(new("old.test"), actor: .service(at: clock.now()))
        _ = try first.changeTenant(
            tenant.id, name: "Umbrella", domain: "new.test", aliases: ["www.new.test"], timeZone: "Europe/London",
            actor: .service(at: clock.now()))
        #expect(code { try first.directory.tenant(host: "old.test") } == "tenant.not_found")
        #expect(try first.directory.tenant(host: "www.new.test") === tenant)
        first.close()
        let second = try reopened(folder, clock)
        defer { second.close() }
        let facts = try second.directory.tenant(host: "new.test").facts
        #expect(facts.name == "Umbrella")
        #expect(facts.domain == "new.test")
        #expect(facts.timeZone.name == "Europe/London")
        #expect(second.directory.find(host: "www.new.test")?.id == tenant.id)
    }

    @Test func `a deleted tenant leaves a tombstone, and its domain rests ninety days`() throws {
        let house = try TestHouse()
        let id = house.globex.id
        #expect(code { try house.instance.deleteTenant(id, actor: house.actor, reason: "left") } == "tenant.still_active")
        _ = try house.instance.setStatus(ofTenant: id, .inactive, actor: house.actor, reason: "left")
        try house.instance.deleteTenant(id, actor: house.actor, reason: "left")
        #expect(!Files.exists("\(house.folder)/tenants/\(id)"))
        #expect(house.instance.directory.find(id: id) == nil)
        #expect(code { try house.instance.directory.tenant(host: "globex.localhost") } == "tenant.not_found")
        #expect(code { try house.instance.createTenant(new("globex.localhost"), actor: house.actor) } == "tenant.domain_resting")
        house.advance(seconds: 90 * 86_400 + 1)
        let next = try house.instance.createTenant(new("globex.localhost"), actor: house.actor)
        #expect(next.id != id)
    }

    @Test func `what has outlived its time is swept away`() throws {
        let house = try TestHouse()
        let session = try house.signIn("admin").secret
        _ = try house.session(session)
        let actor = house.actor
        let request = try Idempotency.Request(principalID: 1, route: "/x", key: "k", path: "/x", body: [])
        try house.acme.store.write { db in
            try Refusals.record(db, actor, endpoint: "POST /x", problem: Problem(422, "test.refused", "no"))
            try Idempotency.store(db, request, Idempotency.Answer(status: 200, contentType: "", body: []), now: actor.at)
        }
        func counts() throws -> [Int64] {
            house.instance.sweepExpired()
            return try house.acme.store.write { db in
                [
                    try db.integer(SQL("SELECT count(*) FROM platform_sessions")),
                    try db.integer(SQL("SELECT count(*) FROM platform_idempotency_keys")),
                    try db.integer(SQL("SELECT count(*) FROM platform_refusals")),
                ]
            }
        }
        #expect(try counts() == [1, 1, 1])
        house.advance(seconds: 12 * 3_600)
        #expect(try counts() == [0, 1, 1])
        house.advance(seconds: 7 * 86_400)
        #expect(try counts() == [0, 0, 1])
        house.advance(seconds: 90 * 86_400)
        #expect(try counts() == [0, 0, 0])
    }

    @Test func `operators have tokens of their own`() throws {
        let house = try TestHouse()
        let made = try house.instance.system.createOperator(name: "ops", days: 30, actor: house.actor)
        let principal = try house.instance.system.authenticateOperator(token: made.secret, now: house.now)
        #expect(principal.kind == .operator)
        #expect(principal.username == "ops")
        #expect(code { try house.principal(made.secret) } == "auth.invalid")
        let late = house.now.adding(seconds: 31 * 86_400)
        #expect(code { try house.instance.system.authenticateOperator(token: made.secret, now: late) } == "auth.expired")
        _ = try house.instance.system.revokeOperator(made.operator.id, actor: house.actor)
        #expect(code { try house.instance.system.authenticateOperator(token: made.secret, now: house.now) } == "auth.invalid")
    }

    @Test func `the catalogue of backups tells the newest verified copy`() throws {
        let house = try TestHouse()
        let system = house.instance.system
        let old = try system.recordBackup(
            tenantID: 1, tier: "daily", path: "b/1", size: 10, sha256: "aa", verifiedAt: house.now, actor: house.actor)
        house.advance(seconds: 60)
        let young = try system.recordBackup(
            tenantID: 1, tier: "daily", path: "b/2", size: 11, sha256: "bb", verifiedAt: nil, actor: house.actor)
        #expect(try system.newestBackups(tenantID: 1) == [old])
        try system.markBackupVerified(young.id, at: house.now)
        #expect(try system.newestBackups(tenantID: 1).map(\.id) == [young.id])
        let elsewhere = try system.recordBackup(
            tenantID: 1, tier: "daily", path: "c/1", place: "second", size: 10, sha256: "aa", verifiedAt: house.now, actor: house.actor)
        let hourly = try system.recordBackup(
            tenantID: 1, tier: "hourly", path: "b/3", size: 10, sha256: "aa", verifiedAt: house.now, actor: house.actor)
        #expect(try Set(system.newestBackups(tenantID: 1).map(\.id)) == [young.id, elsewhere.id, hourly.id])
        let own = try system.recordBackup(
            tenantID: nil, tier: "daily", path: "b/4", size: 10, sha256: "aa", verifiedAt: house.now, actor: house.actor)
        #expect(try system.newestBackups(tenantID: nil) == [own])
        #expect(try system.backups(tenantID: 2, limit: 10).isEmpty)
        #expect(code { try system.backup(77) } == "backup.not_found")
    }
}
