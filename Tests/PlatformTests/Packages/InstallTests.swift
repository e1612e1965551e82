import Core
import Platform
import Scripting
import Storage
import Testing

/// Plugins on their way into a tenant: planned, agreed with, tried on a copy, and in force or not there at all.
@Suite struct InstallTests {
    private let hooks = [
        "hooks/install.lua": """
        return { id = "install", on = "plugin", phase = "install", run = function()
          record.create("rental.asset", { label = "Ladder", rate = money.of(700) })
        end }
        """
    ]

    @Test func `a plan tells what will be there, changes nothing, and is the same each time`() throws {
        let bench = try PluginBench()
        let before = try bench.dump()
        let files = PluginBench.rental(
            manifest: "capabilities = { ledger = { post = { \"4*\" } } },",
            ["routes/free.lua": """
            return { method = "GET", path = "/api/rental/free", permission = "rental.view", run = function() return {} end }
            """])
        let plan = try bench.plan(files)
        #expect(plan.action == .install && plan.needs == [.capabilities, .publisherKey])
        let facts = plan.value
        #expect(facts["tables"]?.array?.first?["change"] == "create_table")
        #expect(facts["tables"]?.array?.first?["table"] == "rental_assets")
        let routes = facts["routes"]?.array?.map { "\($0["method"]?.string ?? "") \($0["path"]?.string ?? "")" } ?? []
        #expect(routes.contains("GET /api/rental/free") && routes.contains("POST /api/rental-assets"))
        #expect(facts["capabilities"] == [["capability": "ledger.post", "value": "4*", "status": "new"]])
        #expect(facts["publisher"]?["status"] == "new" && facts["order"] == ["rental"])
        #expect(try bench.plan(files).digest == plan.digest)
        #expect(try bench.dump() == before)
    }

    @Test func `what was not agreed with, or is another plan by now, is not installed`() throws {
        let bench = try PluginBench()
        let before = try bench.dump()
        let problem = bench.refusal { try bench.install(PluginBench.rental(), withholding: [.publisherKey]) }
        #expect(problem?.status == 409 && problem?.code == "plugin.consent_needed")
        #expect(problem?.extra.first { $0.0 == "consents" }?.1 == ["publisher_key"])
        let work = bench.work
        let offer = try work.offer(try bench.archive(PluginBench.rental()))
        let other = bench.refusal {
            _ = try ScriptThread.run { try work.install(offer, plan: String(repeating: "0", count: 64), consents: [.publisherKey]) }
        }
        #expect(other?.code == "plugin.plan_changed")
        #expect(try bench.dump() == before)
    }

    @Test func `an installed plugin serves, its hook ran, and a second time is nothing new`() throws {
        let bench = try PluginBench()
        let result = try bench.install(PluginBench.rental(hooks))
        #expect(result.plan.action == .install)
        let items = try bench.call(.get, "/api/rental-assets").value["items"]?.array
        #expect(items?.map { $0["label"] } == ["Ladder"])
        let before = try bench.dump()
        #expect(try bench.install(PluginBench.rental(hooks)).plan.action == .unchanged)
        #expect(try bench.dump() == before)
        #expect(try Files.list(bench.house.instance.folder(ofTenant: bench.house.acme.id)).allSatisfy { !$0.hasPrefix(".trial") })
    }

    static let faulty: [(String, [String: String])] = [
        ("a hook that fails", ["hooks/install.lua": "return { id = \"i\", on = \"plugin\", phase = \"install\", run = function() error(\"no\") end }"]),
        ("a hook that goes on for ever", ["hooks/install.lua": "return { id = \"i\", on = \"plugin\", phase = \"install\", run = function() while true do end end }"]),
        ("a file that does not compile", ["routes/a.lua": "return {"]),
        ("a route of the kernel's type", ["routes/a.lua": "return { method = \"GET\", path = \"/elsewhere\", permission = \"rental.view\", run = function() end }"]),
        ("a record type that refers to nothing", ["records/b.lua": PluginBench.asset("{ \"x\", \"ref\", to = \"no.such\" }").replacing("rental.asset", with: "rental.b").replacing("rental-assets", with: "rental-b")]),
        ("an unknown folder", ["nonsense/a.lua": "return {}"]),
        ("a rule file that breaks its contract", [
            "contracts/fees.lua": "return { id = \"rental.fees\", key = \"id\", fields = { { \"id\", \"text\", required = true }, { \"late\", \"money\", required = true } } }",
            "rules/standard.lua": "return { contract = \"rental.fees\", id = \"standard\" }",
        ]),
    ]

    @Test(arguments: faulty)
    func `a plugin that cannot be installed leaves the tenant as it was`(what: String, files: [String: String]) throws {
        let bench = try PluginBench()
        let before = try bench.dump()
        let revision = bench.house.acme.revisionSlot.current
        let problem = bench.refusal { try bench.install(PluginBench.rental(files)) }
        #expect(problem != nil && (problem?.status ?? 0) < 500, "\(what): \(problem.debugDescription)")
        #expect(try bench.dump() == before, "\(what)")
        #expect(bench.house.acme.revisionSlot.current === revision)
        #expect(try Files.list(bench.house.instance.folder(ofTenant: bench.house.acme.id)).allSatisfy { !$0.hasPrefix(".trial") })
    }

    @Test func `a publisher's key is known from the first time, and another needs consent`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        let second = PluginBench.rental("1.1.0")
        #expect(try bench.plan(second).needs == [])
        let stranger = try SigningKey(rawBytes: [UInt8](repeating: 9, count: 32))
        let plan = try bench.plan(second, key: stranger)
        #expect(plan.needs == [.publisherKey])
        #expect(plan.value["publisher"]?["status"] == "changed" && plan.value["publisher"]?["former_key"] == .string(bench.key.verifyingKey.fingerprint))
        #expect(bench.refusal { try bench.install(second, key: stranger, withholding: [.publisherKey]) }?.code == "plugin.consent_needed")
        try bench.install(second, key: stranger)
        #expect(try bench.plan(PluginBench.rental("1.2.0")).needs == [.publisherKey])
    }

    @Test func `nobody takes the name of another's plugin, or the program's`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental())
        var files = PluginBench.rental("2.0.0")
        files["plugin.lua"] = Array(PluginBench.manifest("2.0.0", publisher: "evil.example").utf8)
        #expect(bench.refusal { _ = try bench.plan(files) }?.code == "plugin.publisher_mismatch")
        files["plugin.lua"] = Array(PluginBench.manifest("2.0.0", name: "rental", publisher: "kontor").utf8)
        #expect(bench.refusal { _ = try bench.plan(files) }?.status == 409)
        var fresh = PluginBench.files(["plugin.lua": PluginBench.manifest("1.0.0", name: "fresh", publisher: "kontor")])
        #expect(bench.refusal { _ = try bench.plan(fresh) }?.code == "plugin.publisher_reserved")
        fresh["plugin.lua"] = Array(PluginBench.manifest("1.0.0", name: "fresh").utf8)
        #expect(bench.refusal { _ = try bench.plan(fresh) } == nil)
    }

    @Test func `reaching further asks again, reaching less does not`() throws {
        let bench = try PluginBench()
        func files(_ version: String, _ capabilities: String) -> [String: [UInt8]] {
            PluginBench.rental(version, manifest: "capabilities = \(capabilities),")
        }
        try bench.install(files("1.0.0", "{ ledger = { post = { \"4*\" } }, http = { \"POST https://a.example/*\" } }"))
        #expect(try bench.plan(files("1.1.0", "{ ledger = { post = { \"4100\" } } }")).needs == [])
        let wider = try bench.plan(files("1.1.0", "{ ledger = { post = { \"4*\", \"1000\" } } }"))
        #expect(wider.needs == [.capabilities])
        let new = wider.value["capabilities"]?.array?.filter { $0["status"] == "new" }.map { $0["value"] }
        #expect(new == ["1000"])
        #expect(wider.value["capabilities"]?.array?.contains { $0["status"] == "dropped" } == true)
    }

    @Test func `what plugins need and exclude`() throws {
        let bench = try PluginBench()
        func plugin(_ name: String, _ version: String, _ more: String) -> [String: [UInt8]] {
            PluginBench.files(["plugin.lua": PluginBench.manifest(version, name: name, more: more)])
        }
        #expect(bench.refusal { try bench.install(plugin("top", "1.0.0", "depends = { base = \"^1.0\" },")) }?.code == "plugin.dependency")
        try bench.install(plugin("base", "1.2.0", "provides = { \"weights\" },"))
        #expect(bench.refusal { try bench.install(plugin("top", "1.0.0", "depends = { base = \"^2.0\" },")) }?.code == "plugin.dependency")
        try bench.install(plugin("top", "1.0.0", "depends = { base = \"^1.0\" }, requires = { \"weights\" },"))
        // What top stands on is not taken away under it, nor made another.
        #expect(bench.refusal { try bench.install(plugin("base", "2.0.0", "provides = { \"weights\" },")) }?.code == "plugin.dependency")
        #expect(bench.refusal { try bench.install(plugin("base", "1.3.0", "")) }?.code == "plugin.dependency")
        #expect(bench.refusal { try bench.install(plugin("base", "1.3.0", "depends = { top = \"^1.0\" }, provides = { \"weights\" },")) }?.code == "plugin.dependency_cycle")
        #expect(bench.refusal { try bench.install(plugin("rival", "1.0.0", "conflicts = { \"base <2\" },")) }?.code == "plugin.excluded")
        try bench.install(plugin("rival", "1.0.0", "conflicts = { \"base >=2\" },"))
        #expect(bench.refusal { try bench.install(plugin("shy", "1.0.0", "optional = { base = \"^3.0\" },")) }?.code == "plugin.dependency")
        #expect(bench.refusal { try bench.install(plugin("lone", "1.0.0", "requires = { \"scales\" },")) }?.code == "plugin.dependency")
        #expect(bench.refusal { try bench.install(plugin("old", "1.0.0", "").merging(PluginBench.files(["plugin.lua": PluginBench.manifest("1.0.0", name: "old").replacing(">=0.1 <2", with: ">=9")])) { $1 }) }?.code == "plugin.kernel")
        #expect(bench.refusal { try bench.install(plugin("new", "1.0.0", "").merging(PluginBench.files(["plugin.lua": PluginBench.manifest("1.0.0", name: "new").replacing("2026.1", with: "2031.1")])) { $1 }) }?.code == "plugin.kernel")
        let order = try #require(bench.house.acme.revisionSlot.current).plugins.packages.map(\.name)
        #expect(order == ["base", "top", "rival"])
    }

    @Test func `what the check finds is in the plan`() throws {
        let bench = try PluginBench()
        let files = PluginBench.rental([
            "routes/typo.lua": "return { method = \"GET\", path = \"/api/rental/typo\", permission = \"rental.view\",\n  run = function() return { it = recrod.count(\"rental.asset\") } end }"
        ])
        let plan = try bench.plan(files)
        let finding = plan.value["findings"]?.array?.first { $0["severity"] == "error" }
        #expect(finding?["file"] == "rental/routes/typo.lua" && finding?["line"] == 2)
        #expect(try bench.plan(PluginBench.rental()).value["findings"] == [])
    }

    @Test func `a plugin's own rule files come with it and are the admin's afterwards`() throws {
        let bench = try PluginBench()
        let rules = [
            "contracts/fees.lua": "return { id = \"rental.fees\", key = \"id\", fields = { { \"id\", \"text\", required = true }, { \"late\", \"money\", required = true } } }",
            "rules/standard.lua": "return { contract = \"rental.fees\", id = \"standard\", late = \"5.00\" }",
        ]
        try bench.install(PluginBench.rental(rules))
        let revision = try #require(bench.house.acme.revisionSlot.current)
        #expect(revision.files == ["Rules/rental/standard.lua": 1])
        // A newer default does not take the place of what is in force.
        var newer = rules
        newer["rules/standard.lua"] = newer["rules/standard.lua"]?.replacing("5.00", with: "6.00")
        try bench.install(PluginBench.rental("1.1.0", newer))
        #expect(try #require(bench.house.acme.revisionSlot.current).files == ["Rules/rental/standard.lua": 1])
    }

    @Test func `versions go forward, unless somebody says so`() throws {
        let bench = try PluginBench()
        try bench.install(PluginBench.rental("1.1.0"))
        #expect(try bench.plan(PluginBench.rental("1.0.0")).needs == [.downgrade])
        #expect(try bench.plan(PluginBench.rental("1.1.0", ["README.md": "other"])).needs == [.changedVersion])
        #expect(bench.refusal { try bench.install(PluginBench.rental("1.0.0"), withholding: [.downgrade]) }?.code == "plugin.consent_needed")
        #expect(bench.refusal { _ = try bench.plan(PluginBench.rental("one")) }?.code == "version.invalid_version")
    }
}
