import Core
import Ledger
import Platform
import Storage
import Testing

/// What a version of a plugin brings beside its code: how numbers look, and what roles are offered.
@Suite struct PluginOffersTests {
    private static func files(version: String, format: String, roles: String = "") -> [String: String] {
        [
            "plugin.lua": """
                return { name = "tasks", version = "\(version)", permissions = { { "tasks.see" }, { "tasks.edit" } }, \(roles)
                  series = { { name = "tasks.batch", format = "\(format.replacing("T-", with: "B-"))", reset = "year" } } }
                """,
            "records/task.lua": """
                return { type = "tasks.task", path = "tasks", permissions = { read = "tasks.see", write = "tasks.edit" },
                  fields = { { "label", "text" } }, number = { series = "\(format)" } }
                """,
            "routes/batch.lua": """
                return { method = "POST", path = "/api/tasks-batch", permission = "tasks.edit", run = function() return { number = sequence.next("tasks.batch") } end }
                """,
        ]
    }

    private func number(_ works: Works) throws -> String { try works.call(.post, "/api/tasks", ["label": "x"]).value["number"]?.string ?? "" }
    private func batch(_ works: Works) throws -> String { try works.call(.post, "/api/tasks-batch").value["number"]?.string ?? "" }

    private func plan(_ works: Works, _ files: [String: String]) throws -> Value {
        let (tenant, actor, clock) = (works.tenant, works.house.actor, works.house.clock)
        let offer = PluginInstallation.Offer(.shipped, files: files.mapValues { Array($0.utf8) }, shippedRules: [:])
        return try tenant.store.read { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).prepare(offer).plan.value
        }
    }

    @Test func `a version that prints numbers in another way goes on counting in a new segment`() throws {
        let works = try Works(Self.files(version: "1.0.0", format: "T-{year}-{seq:4}"))
        #expect(try [number(works), number(works), batch(works)] == ["T-2026-0001", "T-2026-0002", "B-2026-0001"])
        let next = Self.files(version: "1.1.0", format: "T-{year}/{seq:6}")
        let told = try plan(works, next)["series_changes"]?.array ?? []
        #expect(told.map { [$0["series"], $0["change"], $0["former_format"], $0["format"]] } == [
            ["tasks.task", "format", "T-{year}-{seq:4}", "T-{year}/{seq:6}"], ["tasks.batch", "format", "B-{year}-{seq:4}", "B-{year}/{seq:6}"],
        ])
        try works.install(next)
        #expect(try [number(works), batch(works)] == ["T-2026/000003", "B-2026/000002"])
        let clock = works.house.clock
        let segments = try works.tenant.store.read { db in try db.ledger(clock: clock).segments(of: "tasks.task") }
        #expect(segments.map(\.isOpen) == [false, true])
        // Again the same: nothing changes.
        #expect(try plan(works, Self.files(version: "1.2.0", format: "T-{year}/{seq:6}"))["series_changes"] == [])
    }

    @Test func `a format that somebody here chose stays`() throws {
        let works = try Works(Self.files(version: "1.0.0", format: "T-{year}-{seq:4}"))
        let clock = works.house.clock
        try works.tenant.store.write { db in
            try db.ledger(clock: clock).setFormat(
                series: "tasks.task", try NumberFormat("OURS-{year}-{seq:3}"), reason: "house style", actor: LedgerActor(id: 1, label: "admin"))
        }
        let next = Self.files(version: "1.1.0", format: "T-{year}/{seq:6}")
        #expect(try plan(works, next)["series_changes"]?[0]?["change"] == "kept")
        try works.install(next)
        #expect(try number(works) == "OURS-2026-001")
    }

    @Test func `a series that would start again at other times is refused`() throws {
        let works = try Works(Self.files(version: "1.0.0", format: "T-{year}-{seq:4}"))
        #expect(code { try works.install(Self.files(version: "1.1.0", format: "T-{seq:4}")) } == "plugin.series_change")
        #expect(try number(works) == "T-2026-0001")
    }

    // MARK: Roles

    private static let roles = #"roles = { cashier = { "tasks.see" }, planner = { "tasks.see", "tasks.edit" } },"#

    private func held(_ works: Works) throws -> [String: [String]] {
        let roles = try works.tenant.store.read { db in try Roles.list(db, limit: 100) }
        return Dictionary(uniqueKeysWithValues: roles.map { ($0.name, $0.permissions.filter { $0.hasPrefix("tasks.") }.sorted()) }).filter { !$0.value.isEmpty }
    }

    private func install(_ works: Works, grantsRoles: Bool) throws {
        let files = Self.files(version: "1.0.0", format: "T-{year}-{seq:4}", roles: Self.roles).mapValues { Array($0.utf8) }
        let work = PluginWork(works.house.instance, works.tenant, works.house.actor)
        let offer = PluginInstallation.Offer(.shipped, files: files, shippedRules: [:])
        _ = try work.install(offer, plan: try work.plan(offer).digest, consents: [], grantsRoles: grantsRoles)
    }

    @Test func `the plan tells what roles are offered, and they get it when somebody says so`() throws {
        let works = try Works()
        let told = try plan(works, Self.files(version: "1.0.0", format: "T-{year}-{seq:4}", roles: Self.roles))["roles"]
        #expect(told == [
            ["role": "cashier", "exists": true, "offers": ["tasks.see"]], ["role": "planner", "exists": false, "offers": ["tasks.see", "tasks.edit"]],
        ])
        try install(works, grantsRoles: false)
        #expect(try held(works).isEmpty)
        let offers = try works.call(.get, "/api/plugins/tasks/roles").value["items"]?.array ?? []
        #expect(offers.first { $0["role"] == "planner" } == ["role": "planner", "exists": false, "offered": ["tasks.see", "tasks.edit"], "held": []])
        // One after the other, by somebody who holds it.
        var clerk = Works.manager
        clerk.permissions = ["roles.edit", "tasks.see"]
        #expect(code { try works.call(.post, "/api/plugins/tasks/roles", as: clerk) } == "auth.exceeds_own_rights")
        _ = try works.call(.post, "/api/plugins/tasks/roles", ["roles": ["cashier"]], as: clerk)
        #expect(try held(works) == ["cashier": ["tasks.see"]])
        #expect(code { try works.call(.post, "/api/plugins/tasks/roles", ["roles": ["nobody"]]) } == "request.invalid")
        _ = try works.call(.post, "/api/plugins/tasks/roles")
        #expect(try held(works) == ["cashier": ["tasks.see"], "planner": ["tasks.edit", "tasks.see"]])
    }

    @Test func `an installation grants at once where it is asked to`() throws {
        let works = try Works()
        try install(works, grantsRoles: true)
        #expect(try held(works) == ["cashier": ["tasks.see"], "planner": ["tasks.edit", "tasks.see"]])
    }

    @Test func `a plugin offers nothing but its own`() throws {
        let works = try Works()
        let files = Self.files(version: "1.0.0", format: "T-{year}-{seq:4}", roles: #"roles = { cashier = { "tasks.see", "users.edit" } },"#)
        let error = #expect(throws: DeclarationError.self) { try works.install(files) }
        #expect(error?.field == "roles.cashier[2]" && error?.file == "tasks/plugin.lua")
    }
}
