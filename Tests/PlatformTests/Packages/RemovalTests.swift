import Core
import Platform
import Scripting
import Storage
import Testing

/// Plugins on their way out.
@Suite struct RemovalTests {
    private let rules = [
        "contracts/fees.lua": "return { id = \"rental.fees\", key = \"id\", fields = { { \"id\", \"text\", required = true }, { \"late\", \"money\", required = true } } }",
        "rules/standard.lua": "return { contract = \"rental.fees\", id = \"standard\", late = \"5.00\" }",
    ]

    private func removal<T: Sendable>(_ bench: PluginBench, _ body: @escaping @Sendable (PluginRemoval) throws -> T) throws -> T {
        let tenant = bench.house.acme, actor = bench.house.actor, clock = bench.house.clock
        return try tenant.store.write { db in try body(PluginRemoval(db, tenant: tenant, actor: actor, clock: clock)) }
    }

    @Test func `an uninstalled plugin serves nothing, keeps its data, and has it again when it comes back`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental(rules))
        try bench.asset("Ladder")
        let work = bench.work
        let plan = try removal(bench) { try $0.plan("rental") }
        #expect(plan["keeps"]?.array?.first?["rows"] == 1 && plan["rules"] == ["Rules/rental/standard.lua"])
        _ = try ScriptThread.run { try work.uninstall("rental") }
        #expect(bench.refusal { _ = try bench.call(.get, "/api/rental-assets") }?.code == "test.no_route")
        #expect(try #require(bench.house.acme.revisionSlot.current).files.isEmpty)
        #expect(try removal(bench) { try $0.removed() }.first?["keeps"]?.array?.first?["rows"] == 1)
        var lines: [String] = []
        let tenant = bench.house.acme, actor = bench.house.actor, clock = bench.house.clock
        try tenant.store.read { db in
            try PluginRemoval(db, tenant: tenant, actor: actor, clock: clock).export("rental") { lines.append(String(decoding: $0, as: UTF8.self)) }
        }
        #expect(lines.count == 1 && lines[0].contains("\"Ladder\"") && lines[0].hasSuffix("\n"))
        let back = try bench.install(PluginBench.rental("1.1.0", fields: PluginBench.fields + "{ \"serial\", \"text\" },", rules))
        #expect(back.plan.value["restores_data"] == true)
        #expect(try bench.call(.get, "/api/rental-assets").value["items"]?.array?.map { $0["label"] } == ["Ladder"])
        #expect(try #require(bench.house.acme.revisionSlot.current).files == ["Rules/rental/standard.lua": 1])
        #expect(try removal(bench) { try $0.removed() }.isEmpty)
    }

    @Test func `an older version may come back over what a newer one left, if somebody says so`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental("1.1.0", fields: PluginBench.fields + "{ \"serial\", \"text\" },"))
        try bench.asset("Ladder", more: ["serial": "S1"])
        let work = bench.work
        _ = try ScriptThread.run { try work.uninstall("rental") }
        #expect(try bench.plan(PluginBench.rental()).needs == [.downgrade])
        try bench.install(PluginBench.rental())
        #expect(try bench.call(.get, "/api/rental-assets").value["items"]?.array?.map { $0["label"] } == ["Ladder"])
        try bench.install(PluginBench.rental("1.1.0", fields: PluginBench.fields + "{ \"serial\", \"text\" },"))
        #expect(try bench.call(.get, "/api/rental-assets").value["items"]?.array?.map { $0["serial"] } == ["S1"])
    }

    @Test func `what others stand on stays`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        try bench.install(PluginBench.files(["plugin.lua": PluginBench.manifest("1.0.0", name: "top", more: "depends = { rental = \"^1.0\" },")]))
        let before = try bench.dump()
        let work = bench.work
        let problem = bench.refusal { _ = try ScriptThread.run { try work.uninstall("rental") } }
        #expect(problem?.code == "plugin.needed" && problem?.extra.first?.1 == ["top"])
        #expect(bench.refusal { _ = try ScriptThread.run { try work.uninstall("nothing") } }?.code == "plugin.not_installed")
        #expect(try bench.dump() == before)
    }

    @Test func `a hook may refuse, and then the plugin stays`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental(["hooks/out.lua": """
        return { id = "out", on = "plugin", phase = "uninstall", run = function()
          if record.count("rental.asset", { state = "OUT" }) > 0 then reject { code = "rental.still_out", message = "Something is out." } end
        end }
        """]))
        let asset = try bench.asset("Ladder", more: ["state": "OUT"])
        let work = bench.work
        #expect(bench.refusal { _ = try ScriptThread.run { try work.uninstall("rental") } }?.code == "rental.still_out")
        _ = try bench.call(.patch, "/api/rental-assets/\(asset)", ["state": "FREE"])
        _ = try ScriptThread.run { try work.uninstall("rental") }
    }

    @Test func `what is purged is gone, and the plugin may come again as new`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        try bench.asset("Ladder")
        #expect(bench.refusal { try removal(bench) { try $0.purge("rental") } }?.code == "plugin.not_removed")
        let work = bench.work
        _ = try ScriptThread.run { try work.uninstall("rental") }
        // What is another's stays, however alike its name.
        try bench.house.acme.store.write { db in
            for name in ["rental.token", "rental2.token", "mail.password"] {
                try db.run(
                    SQL("INSERT INTO platform_secrets (name, sealed, updated_at, updated_by) VALUES (?1, x'00', '2026-01-05T09:00:00.000Z', 'ama')"), name)
                try db.run(
                    SQL("INSERT INTO platform_settings (scope, key, value, updated_at) VALUES ('tenant', ?1, '1', '2026-01-05T09:00:00.000Z')"), name)
            }
        }
        try removal(bench) { try $0.purge("rental") }
        let kept = try bench.house.acme.store.read { db in
            try db.query(SQL("SELECT name FROM platform_secrets ORDER BY name")) { $0.text(0) }
                + db.query(SQL("SELECT key FROM platform_settings WHERE key LIKE '%token' OR key LIKE '%password' ORDER BY key")) { $0.text(0) }
        }
        #expect(kept == ["mail.password", "rental2.token", "mail.password", "rental2.token"])
        let tables = try bench.house.acme.store.read { db in
            try db.integer(SQL("SELECT count(*) FROM sqlite_schema WHERE tbl_name LIKE 'rental%'"))
        }
        #expect(tables == 0)
        #expect(bench.refusal { try removal(bench) { try $0.purge("rental") } }?.code == "plugin.not_removed")
        try bench.install(PluginBench.rental("0.9.0"))
        #expect(try bench.call(.get, "/api/rental-assets").value["items"] == [])
    }

    @Test func `rows of others keep what they refer to from being purged`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        let asset = try bench.asset("Ladder")
        let other = """
            return { type = "top.loan", title = "Loan", path = "top-loans", permissions = { read = "top.view", write = "top.edit" },
              fields = { { "asset", "ref", to = "rental.asset" } } }
            """
        try bench.install(PluginBench.files([
            "plugin.lua": PluginBench.manifest("1.0.0", name: "top", more: "depends = { rental = \"^1.0\" }, capabilities = { record = { read = { \"rental.asset\" } } },"),
            "records/loan.lua": other,
        ]))
        _ = try bench.call(.post, "/api/top-loans", ["asset": .int(asset)])
        let work = bench.work
        _ = try ScriptThread.run { try work.uninstall("top") }
        _ = try ScriptThread.run { try work.uninstall("rental") }
        #expect(bench.refusal { try removal(bench) { try $0.purge("rental") } }?.code == "plugin.data_needed")
        try removal(bench) { try $0.purge("top") }
        try removal(bench) { try $0.purge("rental") }
    }
}
