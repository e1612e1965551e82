import Core
import Platform
import Storage
import Testing

/// `report.run`: a report's rows for a script that reads.
@Suite struct ReportModuleTests {
    private static func files(_ more: String = "") -> [String: String] {
        [
            "plugin.lua": """
                return { name = "extra", version = "1.0.0", depends = { pos = "^1.0" }, permissions = { { "extra.view" } },
                  capabilities = { record = { read = { "pos.sale" } }, \(more) } }
                """,
            "reports/r.lua": ReportTests.report(
                "SELECT count(*), sum(total_minor), max(business_date) FROM pos_sales WHERE total_minor > :least",
                columns: #"{ "n", "integer" }, { "total", "money" }, { "last", "date" }"#, params: #"{ "least", "money", json = "atLeast", default = "0" }"#,
                more: "cache = 60,"),
            "routes/mine.lua": """
                return { method = "GET", path = "/api/extra/mine", permission = "extra.view", query = { { "least", "text" } },
                  run = function(req)
                    local answer = report.run("extra.r", { least = req.query.least and money(req.query.least) })
                    local row = answer.items[1]
                    return { n = row.n, twice = row.total and row.total + row.total, last = row.last, cached = answer.cached }
                  end }
                """,
            "routes/pos.lua": """
                return { method = "GET", path = "/api/extra/pos", permission = "extra.view",
                  run = function() return { n = #report.run("pos.sales_by_day").items } end }
                """,
            "routes/wrong.lua": """
                return { method = "GET", path = "/api/extra/wrong", permission = "extra.view",
                  run = function() return report.run("extra.r", { most = 1 }) end }
                """,
        ]
    }

    private let viewer = Principal(kind: .user, userID: 1, username: "kofi", permissions: ["extra.view"], branchIDs: nil)

    @Test func `rows come typed, and from the cache until a sale`() throws {
        let shop = try Shop()
        try shop.install("extra", Self.files())
        _ = try shop.sell(ReportTests.sale)
        func mine(_ query: [(String, String)] = []) throws -> Value { try shop.call(.get, "/api/extra/mine", as: viewer, query: query).value }
        let first = try mine()
        #expect(first["n"] == 1 && first["cached"] == false)
        let total = try #require(first["twice"]?.int)
        #expect(total > 20_000)
        #expect(try mine()["cached"] == true && mine()["twice"] == .int(total))
        #expect(try mine([("least", "5000.00")])["n"] == 0)
        _ = try shop.sell(ReportTests.sale)
        #expect(try mine()["twice"] == .int(2 * total))
        // The same answers as at the report's own path, out of the same cache.
        #expect(try shop.call(.get, "/api/reports/extra.r", as: viewer).value["cached"] == true)
        #expect(code { try shop.call(.get, "/api/extra/wrong", as: viewer) } == "request.invalid")
    }

    @Test func `a report of another plugin takes its permission, the user's or one that was given`() throws {
        let shop = try Shop()
        try shop.install("extra", Self.files())
        #expect(code { try shop.call(.get, "/api/extra/pos", as: viewer) } == "script.right")
        let both = Principal(kind: .user, userID: 1, username: "kofi", permissions: ["extra.view", "pos.view"], branchIDs: nil)
        #expect(try shop.call(.get, "/api/extra/pos", as: both).value["n"] == 0)
        let elevated = try Shop()
        try elevated.install("extra", Self.files(#"elevate = { "pos.view" }"#))
        #expect(try elevated.call(.get, "/api/extra/pos", as: viewer).value["n"] == 0)
    }

    @Test func `who sees some branches only gets their rows`() throws {
        let shop = try Shop()
        try shop.install("extra", Self.files())
        _ = try shop.sell(ReportTests.sale)
        #expect(try shop.call(.get, "/api/extra/mine", as: viewer).value["n"] == 1)
        let none = Principal(kind: .user, userID: 1, username: "kofi", permissions: ["extra.view"], branchIDs: [])
        #expect(try shop.call(.get, "/api/extra/mine", as: none).value["n"] == 0)
    }

    @Test func `no report runs where others wait for the lane`() throws {
        let shop = try Shop()
        var files = Self.files()
        files["routes/write.lua"] = """
            return { method = "POST", path = "/api/extra/write", permission = "extra.view", run = function() return report.run("extra.r") end }
            """
        try shop.install("extra", files)
        #expect(code { try shop.call(.post, "/api/extra/write", as: viewer) } == "script.phase")
    }

    @Test func `what a test reads on its copy is no answer of the tenant's, and the other way round`() throws {
        let shop = try Shop()
        try shop.install("extra", Self.files())
        #expect(try shop.call(.get, "/api/extra/mine", as: viewer).value["cached"] == false)
        let tests = """
            it("sees its own sale", function()
              local before = call("GET", "/api/extra/mine").body.n
              local reported = call("GET", "/api/reports/extra.r").body.items[1].n
              call("POST", "/api/sales", { branch = "ACC-01", customer_type = "Walk-in", lines = { { sku = "RICE-5KG", quantity = 1 } }, payments = { { method = "Cash" } } })
              expect(call("GET", "/api/extra/mine").body.n):equals(before + 1)
              expect(call("GET", "/api/reports/extra.r").body.items[1].n):equals(reported + 1)
            end)
            """
        let report = try shop.call(.post, "/api/scripts/Rules/posting/standard.lua/test", ["tests": .string(tests)]).value
        #expect(report["ok"] == true, "\(report)")
        let after = try shop.call(.get, "/api/extra/mine", as: viewer).value
        #expect(after["cached"] == true && after["n"] == 0)
    }
}
