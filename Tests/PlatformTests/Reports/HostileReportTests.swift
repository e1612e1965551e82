import Core
import Storage
import Testing

@testable import Platform

/// Reports that want more than they may have: refused when they are installed, or stopped when they run.
@Suite struct HostileReportTests {
    let shop: Shop

    init() throws { shop = try Shop() }

    private func install(_ sql: String, capabilities: String = "{}", columns: String = #"{ "n", "integer" }"#) throws {
        let (tenant, actor, clock) = (shop.tenant, shop.house.actor, shop.house.clock)
        let files = [
            "plugin.lua":
                #"return { name = "extra", version = "1.0.0", depends = { pos = "^1.0" }, permissions = { { "extra.view" } }, capabilities = \#(capabilities) }"#,
            "records/thing.lua":
                #"return { type = "extra.thing", fields = { { "name", "text" } }, permissions = { read = "extra.view", write = "extra.view" }, path = "things" }"#,
            "reports/r.lua": ReportTests.report(sql, columns: columns),
        ].mapValues { Array($0.utf8) }
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(files: files, shippedRules: [:])
        }
        tenant.revisionSlot.publish(revision)
    }

    private func ask() throws -> Value {
        let reply = try shop.call(.get, "/api/reports/extra.r")
        guard case .bytes(let bytes, _) = reply.body else { throw Problem(500, "test", "no bytes") }
        return try JSON.parse(bytes)
    }

    private func problem(_ body: () throws -> Void) -> Problem? {
        do { try body() } catch { return (error as? any ProblemConvertible)?.problem }
        return nil
    }

    static let granted = #"{ record = { read = { "pos.sale" } }, ledger = { read = { "*" } } }"#

    @Test(arguments: [
        "SELECT count(*) FROM catalog_products",  // another plugin's table
        "SELECT id FROM pos_sales",  // not granted
        "SELECT count(*) FROM platform_users", "SELECT id FROM platform_tokens", "SELECT count(*) FROM sqlite_schema",
        "SELECT count(*) FROM schema_migrations", "SELECT count(*) FROM pragma_table_info('extra_things')",
        "SELECT count(*) FROM ledger_entries",  // without the capability
        "SELECT count(*) FROM extra_things WHERE EXISTS (SELECT 1 FROM platform_users)",
        "WITH t AS (SELECT id FROM platform_users) SELECT count(*) FROM t",
        "SELECT count(*) FROM extra_things UNION ALL SELECT id FROM platform_users",
        "SELECT count(*) FROM main.extra_things", "SELECT count(*) FROM temp.extra_things", "SELECT count(*) FROM \"main\".extra_things",
        "SELECT 1; DELETE FROM extra_things", "SELECT 1; SELECT 2", "DELETE FROM extra_things", "INSERT INTO extra_things DEFAULT VALUES",
        "UPDATE extra_things SET name = 'x'", "DROP TABLE extra_things", "CREATE TABLE t (a)", "ATTACH 'x.db' AS x", "PRAGMA user_version",
        "VACUUM INTO 'x.db'", "BEGIN", "EXPLAIN SELECT 1", "VALUES (1)", "", ";", "-- nothing", "SELECT",
        "WITH x AS (SELECT 1) DELETE FROM extra_things", "SELECT load_extension('x')", "SELECT length(randomblob(9))",
        "SELECT length(zeroblob(1000000000))", "SELECT length(printf('%1000000000d', 1))", "SELECT sqlite_version()", "SELECT changes()",
        "SELECT readfile('/etc/passwd')", "SELECT count(*) FROM json_each('[1]')", "SELECT avg(id) FROM extra_things",
        "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c",
        "WITH c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c",
        "SELECT ?", "SELECT ?1", "SELECT @a", "SELECT $a", "SELECT :unknown", "SELECT 1, 2", "SELECT 'open", "SELECT 1 /* open",
        "SELECT 1) UNION SELECT (2", "SELECT 1 FROM extra_things) x JOIN (SELECT id FROM extra_things",
    ])
    func `what a report may not do is refused when it is installed, and nothing is left of the plugin`(sql: String) throws {
        let before = try shop.tenant.store.read { db in try db.query(SQL("SELECT name FROM sqlite_schema ORDER BY 1")) { $0.text(0) } }
        let refused = problem { try install(sql) }
        #expect(refused?.code == "script.contract", "\(sql): \(refused?.detail ?? "installed")")
        #expect(refused?.detail.contains("extra/reports/r.lua") == true)
        let after = try shop.tenant.store.read { db in try db.query(SQL("SELECT name FROM sqlite_schema ORDER BY 1")) { $0.text(0) } }
        #expect(before == after)
    }

    @Test(arguments: [
        "SELECT count(idempotency_key) FROM ledger_entries", "SELECT count(digest) FROM ledger_entries", "SELECT length(memo) FROM ledger_memos",
        "SELECT count(*) FROM ledger_events", "SELECT count(*) FROM ledger_books", "SELECT folded_through_id FROM ledger_books",
        "SELECT count(name_salt) FROM ledger_accounts", "SELECT count(*) FROM ledger_days", "SELECT count(*) FROM ledger_checkpoints",
        "SELECT count(*) FROM catalog_products",
    ])
    func `a grant is no more than it says`(sql: String) throws {
        #expect(problem { try install(sql, capabilities: Self.granted) }?.code == "script.contract", "\(sql)")
    }

    @Test func `a grant of some accounts is none of the books`() throws {
        let some = #"{ ledger = { read = { "4*" } } }"#
        #expect(problem { try install("SELECT count(*) FROM ledger_lines", capabilities: some) }?.code == "script.contract")
    }

    @Test func `what is granted can be read`() throws {
        try install(
            "SELECT (SELECT count(*) FROM pos_sales) + (SELECT count(*) FROM pos_sale_lines) + (SELECT count(*) FROM ledger_movements) * 0 + (SELECT count(*) FROM extra_things)",
            capabilities: Self.granted)
        #expect(try ask()["items"]?[0]?["n"] == 0)
    }

    /// Seven times a hundred rows beside each other are 10^14.
    @Test func `a product without end is stopped by the clock, and the next one is served`() throws {
        try install("SELECT count(*) FROM extra_things a, extra_things b, extra_things c, extra_things d, extra_things e, extra_things f, extra_things g WHERE a.id + b.id + c.id + d.id + e.id + f.id + g.id > 0")
        try shop.tenant.store.write { db in
            for _ in 0..<100 { try db.run(SQL("INSERT INTO extra_things (name, created_at, created_by, updated_at) VALUES ('x', 'x', 1, 'x')")) }
        }
        #expect(problem { _ = try ask() }?.code == "report.time_exceeded")
        #expect(try shop.call(.get, "/api/products").status == 200)
    }

    @Test func `more rows than an answer holds are refused, not cut off`() throws {
        try install("SELECT a.id FROM extra_things a, extra_things b, extra_things c")
        try shop.tenant.store.write { db in
            for _ in 0..<30 { try db.run(SQL("INSERT INTO extra_things (name, created_at, created_by, updated_at) VALUES ('x', 'x', 1, 'x')")) }
        }
        #expect(problem { _ = try ask() }?.code == "report.too_many_rows")
    }

    @Test func `values and answers stay within their size`() throws {
        let grown = (0..<20).reduce("'0123456789'") { text, _ in "replace(\(text), '0', '00000000')" }
        try install("SELECT \(grown)", columns: #"{ "n", "text" }"#)
        #expect(problem { _ = try ask() }?.code == "report.too_big")
        try install("SELECT group_concat(a.name) FROM extra_things a, extra_things b, extra_things c", columns: #"{ "n", "text" }"#)
        try shop.tenant.store.write { db in
            for _ in 0..<100 {
                try db.run(SQL("INSERT INTO extra_things (name, created_at, created_by, updated_at) VALUES ('0123456789', 'x', 1, 'x')"))
            }
        }
        #expect(problem { _ = try ask() }?.code == "report.too_big")
    }

    @Test func `an amount beyond 64 bits is an error and no floating point`() throws {
        try install("SELECT sum(n) FROM (SELECT 9223372036854775807 AS n UNION ALL SELECT 1)")
        #expect(problem { _ = try ask() }?.code == "report.failed")
    }

    @Test func `a report cannot take the place of another, and a dashboard names what is there`() throws {
        func install(_ files: [String: String]) -> Problem? {
            problem {
                _ = try PluginPackage(
                    files: files.merging(["plugin.lua": #"return { name = "extra", version = "1.0.0" }"#]) { $1 }.mapValues { Array($0.utf8) },
                    dependencies: [])
            }
        }
        let report = ReportTests.report("SELECT 1")
        #expect(install(["reports/a.lua": report])?.code == nil)
        #expect(install(["reports/a.lua": report, "reports/b.lua": report])?.code == "script.contract")
        let package = try PluginPackage(
            files: [
                "plugin.lua": #"return { name = "extra", version = "1.0.0" }"#,
                "dashboards/d.lua": #"return { id = "d", title = "D", reports = { { "extra.none" } } }"#,
            ].mapValues { Array($0.utf8) }, dependencies: [])
        #expect(problem { _ = try InstalledPlugins([package]) }?.detail.contains("extra.none") == true)
    }
}
