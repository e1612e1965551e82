import Core
import Platform
import Storage
import Testing

@Suite struct SettingsEndpointTests {
    private static let plugin = Works.chores([
        "plugin.lua": #"""
            return { name = "chores", version = "1.0.0", permissions = { { "chores.do" } }, settings = {
              { key = "rate", type = "decimal", default = "0.05", min = 0, max = 1 },
              { key = "rounding", type = "enum", values = { "down", "nearest" }, default = "down", scope = { "tenant", "branch", "till" } },
              { key = "limit", type = "money", default = "10.00" },
            } }
            """#,
        "routes/show.lua": #"""
            return { method = "GET", path = "/api/show", permission = "chores.do", run = function() return {
              rate = settings.get("rate"):mul(decimal.new("2")), rounding = settings.get("rounding"), limit = settings.get("limit"):add(money "1.00"),
              branch = settings.get("rounding", { branch = 1 }), till = settings.get("rounding", { branch = 1, till = 1 }) } end }
            """#,
        "routes/both.lua": #"""
            return { method = "POST", path = "/api/both", permission = "chores.do", run = function() return { a = settings.get("rounding"), b = settings.get("rounding") } end }
            """#,
        "routes/others.lua": #"""
            return { method = "POST", path = "/api/others", permission = "chores.do", run = function() return { settings.get("mail.host") } end }
            """#,
    ])

    private func works() throws -> Works {
        let works = try Works(Self.plugin)
        let actor = works.house.actor
        try works.tenant.store.write { db in
            let branch = try Branches.create(db, actor, code: "ACC-01", name: "Accra")
            _ = try Tills.create(db, actor, branchID: branch.id, code: "T1", name: "Till")
        }
        return works
    }

    private func set(_ works: Works, _ body: Value) throws -> Value { try works.call(.put, "/api/settings", body).value }

    @Test func `scripts get the till's, else the branch's, else the tenant's, else the declared value, as its type`() throws {
        let works = try works()
        #expect(JSON.text(try works.call(.get, "/api/show").value) == #"{"branch":"down","limit":1100,"rate":"0.1","rounding":"down","till":"down"}"#)
        _ = try set(works, ["values": ["chores.rate": "0.25", "chores.rounding": "nearest", "chores.limit": 500]])
        _ = try set(works, ["branch": 1, "values": ["chores.rounding": "down"]])
        #expect(JSON.text(try works.call(.get, "/api/show").value) == #"{"branch":"down","limit":600,"rate":"0.5","rounding":"nearest","till":"down"}"#)
        _ = try set(works, ["till": 1, "values": ["chores.rounding": "nearest"]])
        #expect(try works.call(.get, "/api/show").value["till"] == "nearest")
        let items = try works.call(.get, "/api/settings", query: [("till", "1")]).value["items"]?.array ?? []
        let item = try #require(items.first { $0["key"] == "chores.rounding" })
        #expect(item["value"] == "nearest" && item["source"] == "till" && item["scopes"] == ["tenant", "branch", "till"])
        _ = try set(works, ["till": 1, "values": ["chores.rounding": .null]])
        #expect(try works.call(.get, "/api/show").value["till"] == "down")
        #expect(try works.house.actions().filter { $0 == "setting.changed" }.count == 6)
    }

    @Test func `what is wrong is told by its key, and nothing is set then`() throws {
        let works = try works()
        do {
            _ = try set(works, ["values": ["chores.rate": "2", "chores.rounding": "up", "chores.none": 1, "mail.port": "25", "mail.host": "fine.test"]])
            Issue.record("set")
        } catch let problem as Problem {
            #expect(problem.code == "request.invalid")
            let fields = problem.extra.first { $0.0 == "errors" }?.1.array?.compactMap { $0["field"]?.string }.sorted()
            #expect(fields == ["values.chores.none", "values.chores.rate", "values.chores.rounding", "values.mail.port"])
        }
        #expect(code { try set(works, ["branch": 1, "values": ["chores.rate": "0.1"]]) } == "request.invalid")
        #expect(code { try set(works, ["branch": 9, "values": [:]]) } == "branch.not_found")
        #expect(code { try set(works, ["till": 9, "values": [:]]) } == "till.not_found")
        #expect(try works.house.actions().contains("setting.changed") == false)
    }

    @Test func `plugins read their own settings only`() throws {
        #expect(code { try works().call(.post, "/api/others") } == "script.argument")
    }

    private func both(_ works: Works) throws -> Value? {
        let answer = try works.call(.post, "/api/both").value
        return answer["a"]
    }

    @Test func `what is remembered of a setting goes with its change, and a change that is rolled back leaves no trace`() throws {
        let shop = try works()
        #expect(try both(shop) == "down")
        let actor = shop.house.actor
        // A change and a read in one transaction that comes to nothing.
        let tenant = shop.tenant
        #expect(throws: Problem.self) {
            try tenant.store.write { db in
                try Settings.set(db, actor, .tenant, "chores.rounding", "nearest")
                #expect(try Settings.cached(db, "chores.rounding") == "nearest")
                throw Problem(422, "test", "no")
            }
        }
        #expect(try both(shop) == "down")
        _ = try set(shop, ["values": ["chores.rounding": "nearest"]])
        #expect(try both(shop) == "nearest")
        _ = try set(shop, ["values": ["chores.rounding": .null]])
        #expect(try both(shop) == "down")
    }
}
