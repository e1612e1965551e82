import Core
import Platform
import Scripting
import Storage
import Testing

/// The words of tests: what passes, what fails with which message and place, and that nothing of it reaches the business.
@Suite struct ScriptTestingTests {
    private static let path = "Rules/posting/standard.lua"

    /// What became of a test file, run for a rule file of the shop.
    private func run(_ source: String, _ shop: Shop) throws -> [Value] {
        try shop.call(.post, "/api/scripts/\(Self.path)/test", ["tests": .string(source)]).value["tests"]?.array ?? []
    }

    private func body(_ line: String) -> String { "it(\"does\", function()\n  \(line)\nend)" }

    @Test(arguments: [false, true]) func `the tests of shipped rule files pass, in both countries`(atGlobex: Bool) throws {
        let shop = try Shop(atGlobex: atGlobex, further: ["layby"])
        let shipped = Shipped(home: Shop.home)
        var count = 0
        for path in try shipped.rules().keys.sorted() {
            guard let tests = try shipped.ruleTests(path) else { continue }
            let report = try shop.call(.post, "/api/scripts/\(path)/test", ["tests": .string(String(decoding: tests.source, as: UTF8.self))]).value
            #expect(report["ok"] == true, "\(path): \(report)")
            count += report["tests"]?.array?.count ?? 0
        }
        #expect(count >= 10)
    }

    @Test(arguments: [false, true]) func `the tests of shipped plugins pass, in both countries`(atGlobex: Bool) throws {
        let shop = try Shop(atGlobex: atGlobex, further: ["layby"])
        let installed = try #require(shop.tenant.revisionSlot.current).plugins.packages.map(\.name)
        #expect(try Set(installed) == Set(Files.list("\(Shop.home)/Plugins").filter { Files.exists("\(Shop.home)/Plugins/\($0)/plugin.lua") }))
        let shipped = Shipped(home: Shop.home)
        let revision = try #require(shop.tenant.revisionSlot.current)
        let tenant = shop.tenant
        let instance = shop.house.instance
        for package in revision.plugins.packages {
            let files = try shipped.tests(of: package.name)
            let tests = files.filter { $0.key.hasPrefix("tests/") }.sorted { $0.key < $1.key }
            #expect(!tests.isEmpty, "\(package.name) has no tests")
            let results = try ScriptThread.run {
                let folder = try Files.temporaryDirectory("kontor-copy")
                defer { try? Files.removeTree(folder) }
                let db = try Backup.whole(of: tenant.store, to: "\(folder)/tenant.db")
                defer { db.close() }
                return try db.transaction {
                    try ScriptTesting.run(
                        tests.map { (file: "\(package.name)/\($0.key)", source: $0.value) },
                        on: TestSubject(db: db, tenant: tenant, instance: instance, revision: revision, package: package, fixtures: files),
                        start: instance.now)
                }
            }
            for result in results { #expect(result.isGood, "\(result.name): \(result.place): \(result.message)") }
            #expect(results.contains { $0.verdict == .passed })
        }
    }

    @Test(arguments: [
        ("expect(1):equals(2)", "failed", "expected 2, got 1"),
        ("expect({ a = { 1, 2 } }):equals({ a = { 1, 3 } })", "failed", "expected { a = { 1, 3 } }, got { a = { 1, 2 } }"),
        ("expect(money \"1.00\"):money(\"1.01 GHS\")", "failed", "expected 1.01 GHS, got 1.00 GHS"),
        ("expect(\"abc\"):contains(\"x\")", "failed", "expected \"abc\" to contain \"x\""),
        ("expect({ { id = 1 } }):contains({ id = 2 })", "failed", "to contain { id = 2 }"),
        ("expect(money \"5.00\"):near(money \"5.10\", money \"0.05\")", "failed", "expected 5.10 GHS within 0.05 GHS, got 5.00 GHS"),
        ("expect_reject { code = \"x.y\" } (function() end)", "failed", "and was not"),
        ("expect_reject { code = \"x.y\" } (function() reject { code = \"x.z\" } end)", "failed", "expected to be refused with code \"x.y\", got \"x.z\""),
        ("expect_entry { { \"1000\", debit = \"1.00\" } }", "failed", "posted were: none"),
        ("expect_budget { instructions = \"<10\" } (function() for _ = 1, 1000 do tostring(1) end end)", "failed", "expected instructions <10, used "),
        ("local x = nil; return x.y", "error", "attempt to index a nil value"),
        ("while true do end", "error", "used up"),
        ("reject { code = \"a.b\", message = \"No.\" }", "error", "a.b: No."),
        ("call(\"GET\", \"/api/nowhere\")", "error", "at which there is nothing for GET"),
    ])
    func `what fails is told with its line`(line: String, verdict: String, message: String) throws {
        let results = try run(body(line), try Shop())
        #expect(results.count == 1)
        #expect(results.first?["verdict"] == .string(verdict), "\(results)")
        #expect(results.first?["where"] == "Rules/posting/standard_test.lua:2", "\(results)")
        #expect(results.first?["message"]?.string?.contains(message) == true, "\(results)")
        #expect(results.first?["ok"] == false)
    }

    @Test(arguments: [
        "expect({ 1, { x = money \"1.00\" } }):equals({ 1, { x = money \"1.00\" } })", "expect(1250):money(\"12.50\")",
        "expect(\"abc\"):matches(\"^a.c$\")", "expect({ { id = 1, name = \"a\" } }):contains({ id = 1 })", "expect(nil):is_nil()",
        "clock.at(\"2026-03-01\"); expect(date.today()):equals(\"2026-03-01\")",
        "clock.at(\"2026-01-31\"); clock.advance { months = 1, days = 1 }; expect(date.today()):equals(\"2026-03-01\")",
        "expect_reject { code = \"a.b\" } (function() reject { code = \"a.b\" } end)", "expect_balanced()",
        "expect(in_branch(\"N-1\", { name = \"North\" }).name):equals(\"North\")",
        "expect(given.record(\"catalog.customer\", { name = \"Ama\" }).active):equals(true)",
        "random.seed(7); local a = math.random(1000); random.seed(7); expect(math.random(1000)):equals(a)",
    ])
    func `what holds passes`(line: String) throws {
        let results = try run(body(line), try Shop())
        #expect(results.map { $0["verdict"] } == ["passed"], "\(results)")
    }

    @Test func `tests are named by their groups, run one by one, and begin alike`() throws {
        let results = try run("""
            local count = 0
            describe("outer", function()
              before_each(function() count = count + 1 end)
              describe("inner", function()
                before_each(function() given.record("catalog.customer", { name = "Ama" }) end)
                it("first", function() expect(count):equals(1); expect(record.count("catalog.customer", {})):equals(1) end)
                it("second", function() expect(count):equals(1); expect(record.count("catalog.customer", {})):equals(1) end)
              end)
              it("third", function() expect(record.count("catalog.customer", {})):equals(0) end)
              pending "fourth"
            end)
            """, try Shop())
        #expect(results.map { $0["name"]?.string } == ["outer inner first", "outer inner second", "outer third", "outer fourth"])
        #expect(results.map { $0["verdict"]?.string } == ["passed", "passed", "passed", "pending"], "\(results)")
    }

    @Test func `a property that does not hold tells its case`() throws {
        let results = try run("property(\"is small\", gen.integer(0, 1000), function(n) expect(n < 900):is_true() end)", try Shop())
        #expect(results.first?["verdict"] == "failed")
        #expect(results.first?["message"]?.string?.contains("case ") == true)
        #expect(results.first?["name"] == "is small")
    }

    @Test func `a test file that does not load is told`() throws {
        let results = try run("descrbe(\"x\", function() end)", try Shop())
        #expect(results.first?["ok"] == false)
        #expect(results.first?["where"] == "Rules/posting/standard_test.lua:1", "\(results)")
    }

    @Test func `nothing of a test reaches the business, and the draft is what is tested`() throws {
        let shop = try Shop()
        let before = try #require(shop.tenant.revisionSlot.current)
        let customers = try shop.call(.get, "/api/customers").value
        let source = try shop.call(.get, "/api/scripts/\(Self.path)").json["source"]?.string ?? ""
        _ = try shop.call(.put, "/api/scripts/\(Self.path)/draft", ["source": .string(source.replacing("\"4000\"", with: "\"4100\""))])
        let results = try run("""
            it("sees the draft", function()
              given.record("catalog.customer", { name = "Ama" })
              expect(rules.get("pos.posting").version):equals("Rules/posting/standard.lua@2")
              local zero = money "0.00"
              local lines = rules.get("pos.posting").sale { subtotal = money "1.00", total = money "1.00", cost = zero, taxes = {}, tenders = {} }
              expect(lines[1].account):equals("4100")
            end)
            """, shop)
        #expect(results.first?["verdict"] == "passed", "\(results)")
        #expect(shop.tenant.revisionSlot.current === before)
        #expect(try shop.call(.get, "/api/customers").value == customers)
        #expect(try Files.list(shop.house.instance.folder(ofTenant: shop.tenant.id)).allSatisfy { !$0.hasPrefix(".trial") })
    }
}
