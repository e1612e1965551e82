import Core
import Foundation
import Ledger
import Platform
import Scripting
import Storage
import Testing

/// A year of a hundred laybys, day by day: once undisturbed, and once with the process ending in the middle of runs and runs
/// that are asked for again by hand. Both must come to the same: every notice and every fee exactly once.
@Suite struct LaybyYearTests {
    @Test func `a year comes to the same, whatever is killed and repeated`() throws {
        let chance = SeededRandom(20_260_106)
        let undisturbed = try LaybyYear(chance.seed).run(disturbed: false)
        let disturbed = try LaybyYear(chance.seed).run(disturbed: true)
        #expect(disturbed.kills > 10, "\(chance)")
        #expect(undisturbed.laybys.count == 100)
        let statuses = Dictionary(grouping: undisturbed.laybys) { $0.split(separator: " ")[1] }.mapValues(\.count)
        // What happened at all: else the year proves nothing.
        #expect(statuses["COMPLETED", default: 0] > 30 && statuses["DEFAULTED", default: 0] > 5, "\(chance): \(statuses)")
        #expect(undisturbed.fees.count > 20 && undisturbed.notices.count > 300, "\(chance): \(undisturbed.fees.count) \(undisturbed.notices.count)")
        // Undisturbed, each message left once; what was on its way when the process ended may have left twice.
        #expect(undisturbed.deliveries == undisturbed.messages.count, "\(chance)")
        #expect(disturbed.deliveries >= disturbed.messages.count, "\(chance)")
        for facts in [undisturbed, disturbed] {
            #expect(facts.errors == 0, "\(chance)")
            #expect(Set(facts.notices).count == facts.notices.count, "\(chance)")
            // Each notice left by mail and by message, once each.
            #expect(facts.messages.count == 2 * facts.notices.count, "\(chance)")
            #expect(facts.faults == [], "\(chance)")
        }
        for (name, one, other) in [
            ("laybys", undisturbed.laybys, disturbed.laybys), ("notices", undisturbed.notices, disturbed.notices),
            ("fees", undisturbed.fees, disturbed.fees), ("messages", undisturbed.messages.sorted(), disturbed.messages.sorted()),
            ("accounts", undisturbed.accounts, disturbed.accounts),
        ] {
            #expect(one == other, "\(chance): \(name): \(Set(one).symmetricDifference(other).sorted().prefix(6))")
        }
    }
}

/// What a year came to, as sorted texts.
private struct LaybyFacts {
    var laybys: [String] = []
    var notices: [String] = []
    var fees: [String] = []
    /// The keys of the messages, each of which is given once.
    var messages: Set<String> = []
    var deliveries = 0
    var accounts: [String] = []
    /// What the integrity checks find.
    var faults: [String] = []
    var errors: Int64 = 0
    var kills = 0
}

/// A clothing shop whose customers pay on the day, some days later, or no more, as the seed decides for each instalment.
private final class LaybyYear {
    private let seed: UInt64
    private let clock: ManualClock
    private let transport = FakeTransport()
    private var folder: String
    private var instance: Instance
    private var tenantID: Int64 = 0
    /// Held, so that what runs is not read anew on each morning after a night in which the tenant was closed.
    private var revision: Revision?
    private var branch: Int64 = 0
    private var customer: Int64 = 0
    private var product: Int64 = 0

    init(_ seed: UInt64) throws {
        self.seed = seed
        clock = ManualClock(try Instant("2026-01-01T05:00:00Z"))
        folder = try Files.temporaryDirectory("kontor-laybys")
        instance = try Self.open(folder, clock, transport)
        try prepare()
    }

    deinit {
        instance.close()
        try? Files.removeTree(folder)
    }

    private static func open(_ folder: String, _ clock: ManualClock, _ transport: FakeTransport) throws -> Instance {
        var configuration = TestHouse.configuration
        configuration.transport = transport
        let instance = try Instance.open(data: folder, home: Shop.home, clock: clock, configuration: configuration)
        instance.scheduler.recoverWakes()
        return instance
    }

    private var tenant: Tenant {
        get throws { try instance.directory.tenant(id: tenantID) }
    }

    private func prepare() throws {
        let actor = ActingUser.service(at: clock.now())
        let tenant = try instance.createTenant(
            NewTenant(
                name: "Boutique", domain: "boutique.localhost", currency: "GHS", country: "GH", timeZone: "Africa/Accra",
                administrator: NewUser(
                    username: "admin", name: "Ada", roles: ["admin"], allBranches: true,
                    passwordHash: try instance.passwords.hash(TestHouse.password), mustChangePassword: false)), actor: actor)
        tenantID = tenant.id
        let shipped = Shipped(home: Shop.home)
        let clock = clock
        for plugin in ["accounting", "catalog", "pos", "layby"] {
            let revision = try tenant.store.write { db in
                try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(
                    files: try shipped.plugin(plugin), shippedRules: try shipped.rules())
            }
            tenant.revisionSlot.publish(revision)
        }
        branch = try tenant.store.write { db in
            for (key, value) in [("mail.host", "mail.test"), ("mail.from", "shop@boutique.test"), ("message.url", "https://sms.test/send")] {
                try Settings.set(db, actor, .tenant, key, .string(value))
            }
            return try Branches.create(db, actor, code: "ACC-01", name: "Accra", businessType: "clothing").id
        }
        customer = try id(.post, "/api/customers", ["name": "Akosua", "phone": "+233200000001", "email": "a@example.com", "allowLayby": true])
        product = try id(.post, "/api/products", ["sku": "COAT", "name": "Coat", "price": 10_000, "cost": 6_000, "tax_category": "standard"])
        _ = try call(.post, "/api/stock-movements", ["branch": "ACC-01", "sku": "COAT", "quantity": 1_000, "reason": "opening"])
        instance.scheduler.settle()
    }

    /// A number below `bound` that the seed decides for these words, whatever else has happened.
    private func chance(_ words: String, below bound: UInt64) -> UInt64 {
        var hash = seed ^ 0xCBF2_9CE4_8422_2325
        for byte in words.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash ^= hash >> 29
        return (hash &* 0xBF58_476D_1CE4_E5B9 >> 17) % bound
    }

    func run(disturbed: Bool) throws -> LaybyFacts {
        var facts = LaybyFacts()
        var day = try CalendarDate("2026-01-01")
        let end = try CalendarDate("2027-01-01")
        var made = 0
        while day < end {
            clock.set(try Instant("\(day)T09:00:00Z"))
            if disturbed, chance("kill \(day)", below: 6) == 0 {
                try killInTheMiddle()
                facts.kills += 1
            }
            instance.scheduler.settle()
            if disturbed, chance("again \(day)", below: 4) == 0 {
                _ = try call(.post, "/api/laybys/automation/run")
                _ = try call(.post, "/api/laybys/automation/run")
                instance.scheduler.settle()
            }
            // Several a day, so that runs have something to do that takes more than one step.
            let passed = UInt64(try CalendarDate("2026-01-01").days(until: day))
            while made < 100, passed > 90 || chance("make \(made)", below: 90) < passed {
                try make(made)
                made += 1
            }
            try pay(on: day)
            // What has left is forgotten in time.
            if day.day == 1 { try note(&facts) }
            day = try day.adding(days: 1)
        }
        try gather(&facts)
        return facts
    }

    private func make(_ number: Int) throws {
        let frequency = ["WEEKLY", "FORTNIGHTLY", "MONTHLY"][Int(chance("frequency \(number)", below: 3))]
        _ = try call(.post, "/api/laybys", [
            "businessId": .int(branch), "customerId": .int(customer), "installmentFrequency": .string(frequency),
            "items": [["productId": .int(product), "quantity": .int(Int64(chance("quantity \(number)", below: 5)) + 1)]],
        ])
    }

    /// What customers pay on a day: what is due, so many days after its due date, or never.
    private func pay(on day: CalendarDate) throws {
        let due = try call(.get, "/api/laybys", query: [("status", "ACTIVE"), ("dueBy", day.description)]).value["items"]?.array ?? []
        for layby in due {
            guard let id = layby["id"]?.int, let dueOn = layby["paymentDueDate"]?.string, let balance = layby["balanceRemaining"]?.int,
                let instalment = layby["installmentAmount"]?.int
            else { continue }
            let number = layby["laybyNumber"]?.string ?? ""
            let patience = [0, 0, 0, 0, 1, 3, 9, 400][Int(chance("pays \(number) \(dueOn)", below: 8))]
            guard try CalendarDate(dueOn).days(until: day) >= patience else { continue }
            _ = try call(.post, "/api/laybys/\(id)/payments", ["amount": .int(min(instalment, balance))])
            if chance("hold \(number) \(dueOn)", below: 12) == 0, balance > instalment { _ = try call(.post, "/api/laybys/\(id)/hold") }
        }
        let held = try call(.get, "/api/laybys", query: [("status", "ON_HOLD")]).value["items"]?.array ?? []
        for layby in held where chance("back \(layby["laybyNumber"]?.string ?? "") \(day)", below: 10) == 0 {
            _ = try call(.post, "/api/laybys/\(layby["id"]?.int ?? 0)/reactivate")
        }
    }

    /// Ends the process while the jobs of the morning run: what it committed until some moment is what the next one finds.
    private func killInTheMiddle() throws {
        let tenant = try tenant
        let scheduler = instance.scheduler
        let copy = "\(folder)/at-the-end.db"
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            scheduler.settle()
            done.signal()
        }
        _ = try Backup.make(of: tenant.store, to: copy)
        done.wait()
        let path = tenant.store.path
        instance.close()
        for ending in ["-wal", "-shm"] where Files.exists(path + ending) { try Files.remove(path + ending) }
        try Files.writeAtomically(path, Files.read(copy))
        try Files.remove(copy)
        instance = try Self.open(folder, clock, transport)
    }

    private func note(_ facts: inout LaybyFacts) throws {
        facts.messages.formUnion(try tenant.store.read { db in try db.query(SQL("SELECT dedupe_key FROM platform_outbox")) { $0.text(0) } })
    }

    private func gather(_ facts: inout LaybyFacts) throws {
        instance.scheduler.settle()
        try note(&facts)
        let left = transport.current
        facts.deliveries = left.mails.count + left.requests.count
        let clock = clock
        let tenant = try tenant
        facts = try tenant.store.read { [facts] db in
            var facts = facts
            func texts(_ sql: String) throws -> [String] { try db.query(SQL(sql)) { $0.text(0) } }
            facts.laybys = try texts(
                """
                SELECT layby_number || ' ' || status || ' ' || total_paid_minor || ' ' || balance_remaining_minor || ' ' || late_fee_minor
                  || ' ' || coalesce(payment_due_on, '-') FROM layby_customer_laybys ORDER BY 1
                """)
            facts.notices = try texts("SELECT layby_id || ' ' || kind || ' ' || due_on || ' ' || days FROM layby_notices ORDER BY 1")
            facts.fees = try texts("SELECT layby_id || ' ' || due_on || ' ' || amount_minor FROM layby_late_fees ORDER BY 1")
            facts.errors = try db.integer(SQL("SELECT coalesce(sum(errors), 0) FROM layby_automation_runs"))
            facts.accounts = try db.ledger(clock: clock).trialBalance().rows.map { "\($0.account.code) \($0.balance.minor)" }
            return facts
        }
        for report in ["check_balance", "check_completed", "check_payments"] {
            facts.faults += (try call(.get, "/api/reports/layby.\(report)").value["items"]?.array ?? []).map { "\(report) \($0)" }
        }
    }

    // MARK: Calls

    /// Loaded once for each process.
    private func revision(of tenant: Tenant) throws -> Revision {
        if let current = tenant.revisionSlot.current { return current }
        let loaded = try tenant.store.read { db in try RevisionLibrary(db).current() }
        tenant.revisionSlot.publish(loaded)
        revision = loaded
        return loaded
    }

    private func id(_ method: Endpoint.Method, _ path: String, _ body: Value) throws -> Int64 {
        try #require(try call(method, path, body).value["id"]?.int)
    }

    private func call(_ method: Endpoint.Method, _ path: String, _ body: Value = [:], query: [(String, String)] = []) throws -> Reply {
        let tenant = try tenant
        let revision = try revision(of: tenant)
        guard case .found(let endpoint, let parameters) = revision.router.match(method, path) else {
            throw Problem(404, "test.no_route", "\(method.rawValue) \(path)")
        }
        let body = try endpoint.documentation.input?.read(body, currency: tenant.currency) ?? body
        nonisolated(unsafe) let call = Call(
            endpoint: endpoint, instance: instance, tenant: tenant, revision: revision, principal: Works.manager, parameters: parameters,
            query: query.map { (name: $0.0, value: $0.1) }, body: body, requestID: "r1", now: clock.now())
        let store = tenant.store
        if endpoint.execution == .read {
            return try ScriptThread.run { try store.read { db in try call.with(db) { try endpoint.handle(call) } } }
        }
        let reply = try store.write { db in try call.with(db) { try endpoint.handle(call) } }
        call.runAfterCommit()
        return reply
    }
}
