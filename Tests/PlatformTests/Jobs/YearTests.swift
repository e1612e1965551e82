import Core
import Platform
import Storage
import Testing

/// A year in zones with daylight saving, in steps of hours, with ends of the process in between: tidy ones, and such that the
/// files are found as they were while it ran.
@Suite struct YearTests {
    private static let zones = ["Europe/London", "America/New_York", "Africa/Accra"]
    private static let lines = ["night": "30 1 * * *", "work": "15 9,17 * * mon-fri", "hourly": "0 * 1,15 * *"]

    private static let plugin: [String: String] = {
        var files = Works.chores()
        for (name, line) in lines {
            files["jobs/\(name).lua"] = """
                return { id = "\(name)", cron = "\(line)", catch_up = "all", overlap = "queue", run = function(cursor)
                  if not cursor then return 1 end
                  record.create("chores.mark", { label = job.current().schedule .. "@" .. job.current().scheduled_for })
                end }
                """
        }
        return files
    }()

    @Test func `each due time of a year is met exactly once, whatever ends the process in between`() throws {
        var chance = SeededRandom(20_260_101)
        let start = try Instant("2026-01-01T00:00:00Z")
        let end = try Instant("2027-01-01T00:00:00Z")
        let clock = ManualClock(start)
        var folder = try Files.temporaryDirectory("kontor-year")
        var instance = try open(folder, clock)
        defer {
            instance.close()
            try? Files.removeTree(folder)
        }
        let ids = try Self.zones.map { try make($0, instance, clock) }
        instance.scheduler.settle()
        var ends = (tidy: 0, sudden: 0)
        while clock.now() < end {
            let step = Int64(chance.next() % 20 + 1) * 3_600 - Int64(chance.next() % 3_000)
            clock.set(min(clock.now().adding(seconds: step), end))
            instance.scheduler.settle()
            switch chance.next() % 24 {
            case 0:
                instance.close()
                instance = try open(folder, clock)
                ends.tidy += 1
            case 1:
                // As after a cut of the power: the files as they are, beside a process that never closed them.
                let copy = try Files.temporaryDirectory("kontor-year")
                try Self.copy(folder, to: copy)
                instance.close()
                try Files.removeTree(folder)
                folder = copy
                instance = try open(folder, clock)
                ends.sudden += 1
            case 2:
                // A clock that is set back for a while brings nothing twice.
                clock.advance(milliseconds: -5_400_000)
                instance.scheduler.settle()
                clock.advance(milliseconds: 5_400_000)
                instance.scheduler.settle()
            default: break
            }
        }
        instance.scheduler.settle()
        #expect(ends.tidy > 5 && ends.sudden > 5, "\(chance): \(ends)")
        for (zoneName, id) in zip(Self.zones, ids) {
            let zone = try TimeZone(zoneName)
            var expected: [String] = []
            for (name, line) in Self.lines {
                let times = try CronLine(line).times(after: start, through: end, in: zone, limit: 10_000)
                expected += times.map { "chores.\(name)@\($0)" }
                if name == "night" { #expect(times.count == 365, "\(zoneName)") }
            }
            let found = try instance.directory.tenant(id: id).store.read { db in
                try db.query(SQL("SELECT label FROM chores_marks")) { $0.text(0) }
            }
            #expect(found.sorted() == expected.sorted(), "\(chance): \(zoneName): \(Set(expected).symmetricDifference(found).sorted().prefix(5))")
        }
    }

    @Test func `a closed tenant stays closed until something is due, and one that a crash left is asked`() throws {
        let clock = ManualClock(try Instant("2026-01-05T00:10:00Z"))
        let folder = try Files.temporaryDirectory("kontor-year")
        defer { try? Files.removeTree(folder) }
        var instance = try open(folder, clock)
        let id = try make("Africa/Accra", instance, clock)
        instance.scheduler.settle()
        instance.close()

        instance = try open(folder, clock)
        var tenant = try instance.directory.tenant(id: id)
        #expect(instance.scheduler.wake(of: id) == (try Instant("2026-01-05T01:30:00Z")))
        instance.scheduler.settle()
        #expect(!tenant.store.isOpen)
        clock.set(try Instant("2026-01-05T01:30:00Z"))
        instance.scheduler.settle()
        #expect(tenant.store.isOpen)
        #expect(try tenant.store.read { db in try db.integer(SQL("SELECT count(*) FROM chores_marks")) } == 1)

        let copy = try Files.temporaryDirectory("kontor-year")
        defer { try? Files.removeTree(copy) }
        try Self.copy(folder, to: copy)
        instance.close()
        instance = try open(copy, clock)
        defer { instance.close() }
        tenant = try instance.directory.tenant(id: id)
        #expect(instance.scheduler.wake(of: id) == .earliest)
        instance.scheduler.settle()
        #expect(instance.scheduler.wake(of: id) == (try Instant("2026-01-05T09:15:00Z")))
    }

    private func open(_ folder: String, _ clock: ManualClock) throws -> Instance {
        let instance = try Instance.open(data: folder, home: folder, clock: clock, configuration: TestHouse.configuration)
        instance.scheduler.recoverWakes()
        return instance
    }

    private func make(_ zone: String, _ instance: Instance, _ clock: ManualClock) throws -> Int64 {
        let actor = ActingUser.service(at: clock.now())
        let name = zone.split(separator: "/").last.map { $0.lowercased().replacing("_", with: "-") } ?? ""
        let new = NewTenant(
            name: zone, domain: "\(name).localhost", currency: "USD", country: "US", timeZone: zone,
            administrator: NewUser(
                username: "admin", name: "Ada", email: "ada@example.test", roles: ["admin"], allBranches: true,
                passwordHash: try instance.passwords.hash(TestHouse.password), mustChangePassword: false))
        let tenant = try instance.createTenant(new, actor: actor)
        let files = Self.plugin.mapValues { Array($0.utf8) }
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(files: files, shippedRules: [:])
        }
        tenant.revisionSlot.publish(revision)
        return tenant.id
    }

    private static func copy(_ source: String, to target: String) throws {
        for name in try Files.list(source) {
            let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
            if Files.isDirectory(from) {
                try Files.createDirectory(to, mode: 0o700)
                try copy(from, to: to)
            } else if !name.hasSuffix(".sock") {
                try Files.writeAtomically(to, Files.read(from))
                try Files.setMode(to, try Files.mode(from))
            }
        }
    }
}
