import Core
import Platform
import Scripting
import Storage
import Testing

/// The words of tests are told, and their examples run as they stand; so do those of functions that only jobs may call.
@Suite struct TestReferenceTests {
    private static let files: [String: String] = [
        "plugin.lua": """
            return { name = "docs", version = "1.0.0", depends = { pos = "^1.0" },
              capabilities = { http = { "GET https://api.example.com/*" }, secret = { "api_token" } },
              settings = { { key = "greeting", type = "text", default = "Hello" } }, permissions = { { "docs.run", title = "Run" } } }
            """,
        "contracts/fees.lua": """
            return { id = "docs.fees", key = "id", fallback = "standard", fields = {
              { "id", "text", required = true }, { "grace_days", "integer", default = 3 }, { "late_fee", "money", or_function = { "integer" } } } }
            """,
        "records/task.lua": """
            return { type = "docs.task", path = "docs-tasks", permissions = { read = "docs.run", write = "docs.run" },
              fields = { { "title", "text", required = true } } }
            """,
        "records/order.lua": """
            return { type = "docs.order", path = "docs-orders", permissions = { read = "docs.run", write = "docs.run" },
              fields = { { "title", "text", required = true }, { "status", "enum", values = { "DRAFT", "POSTED", "VOIDED" } } },
              state = { field = "status", initial = "DRAFT",
                moves = { { "DRAFT", "POSTED", permission = "docs.run", post = true }, { "POSTED", "VOIDED", permission = "docs.run", void = true } } } }
            """,
        "jobs/nightly.lua": "return { id = \"nightly\", run = function() end }",
        "jobs/rates.lua": """
            return { id = "rates", fetch = function() return http.request { url = "https://api.example.com/rates" } end,
              run = function(_, answer) record.create("docs.task", { title = answer.json.rate }) end }
            """,
    ]

    private static let fees = """
        return { contract = "docs.fees", id = "standard",
          late_fee = function(days) if days > 30 then return money "10.00" end return money "5.00" end }
        """

    /// Runs a test file of a plugin made of these files, in a shop.
    private func run(_ source: String, _ more: [String: String] = [:], fixtures: [String: String] = [:]) throws -> [TestResult] {
        let shop = try Shop()
        let files = Self.files.merging(more) { $1 }.mapValues { Array($0.utf8) }
        let (tenant, actor, clock, instance) = (shop.tenant, shop.house.actor, shop.house.clock, shop.house.instance)
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(
                files: files, shippedRules: ["Rules/fees/standard.lua": Array(Self.fees.utf8)])
        }
        let package = try #require(revision.plugins.packages.first { $0.name == "docs" })
        let texts = fixtures.mapValues { Array($0.utf8) }
        return try ScriptThread.run {
            let folder = try Files.temporaryDirectory("kontor-docs")
            defer { try? Files.removeTree(folder) }
            let db = try Backup.whole(of: tenant.store, to: "\(folder)/tenant.db")
            defer { db.close() }
            return try db.transaction {
                try ScriptTesting.run(
                    [(file: "docs/tests/docs_test.lua", source: Array(source.utf8))],
                    on: TestSubject(db: db, tenant: tenant, instance: instance, revision: revision, package: package, fixtures: texts), start: instance.now)
            }
        }
    }

    @Test func `every example of the words of tests runs as it stands`() throws {
        let structure: Set<String> = ["describe", "it", "before_each", "after_each", "pending", "cases", "property"]
        var source = ""
        for entry in HostReference.testing {
            let name = entry.qualifiedName
            source += "describe(\"\(name)\", function()\n"
            source += structure.contains(name) ? entry.example + "\nit(\"loads\", function() end)" : "it(\"example\", function()\n\(entry.example)\nend)"
            source += "\nend)\n"
        }
        let results = try run(
            source, fixtures: [
                "fixtures/shelf.json": #"{ "docs.task": [{ "title": "One" }, { "title": "Two" }] }"#,
                "fixtures/recorded.json": #"""
                    { "replay": 1, "at": "2026-01-05T09:00:00.000Z", "decisions": [ { "contract": "docs.fees", "path": "Rules/fees/standard.lua",
                      "version": 1, "function": "late_fee", "input": [31], "output": [{ "$money": "10.00 GHS" }] } ] }
                    """#,
            ])
        for result in results { #expect(result.isGood, "\(result.name): \(result.place): \(result.message)") }
        #expect(results.count >= HostReference.testing.count)
    }

    @Test func `every example for jobs runs in a job`() throws {
        var files: [String: String] = [:]
        var source = ""
        var count = 0
        for (index, entry) in HostReference.entries.enumerated() {
            guard let phase = [Phase.job, .fetch].first(where: { entry.phases.allows($0) && !entry.phases.allows(.route) }) else { continue }
            files["jobs/example_\(index).lua"] =
                "return { id = \"example_\(index)\", \(phase == .fetch ? "run = function() end, fetch" : "run") = function()\n\(entry.example)\nend }"
            source += """
                it("\(entry.qualifiedName)", function()
                  http.stub { match = "GET https://api.example.com/*", reply = { json = {} } }
                  expect(run_job("example_\(index)").state):equals("done")
                end)

                """
            count += 1
        }
        let results = try run(source, files)
        for result in results { #expect(result.isGood, "\(result.name): \(result.place): \(result.message)") }
        #expect(results.count == count && count >= 5)
    }

    @Test func `every entry stands on the page, and every word of tests is told`() {
        for entry in HostReference.entries + HostReference.testing {
            #expect(HostReference.page.contains("### `\(entry.signature)`\n"), "\(entry.qualifiedName) is missing on the page")
        }
        let told = Set(HostReference.testing.map { $0.module.isEmpty ? $0.name : $0.module })
        for word in ScriptCheck.testWords { #expect(told.contains(word), "\(word) is not told") }
        for entry in HostReference.testing where !entry.isMethod {
            #expect(ScriptCheck.isThere(entry.qualifiedName, inTests: true), "\(entry.qualifiedName) is not there")
        }
    }
}
