import Core
import Storage
import Testing

@testable import Platform

/// Reports of the shipped plugins, and of one that was made for the test.
@Suite struct ReportTests {
    let shop: Shop

    init() throws { shop = try Shop() }

    static let sale: Value = [
        "branch": "ACC-01", "customer_type": "Walk-in", "lines": [["sku": "RICE-5KG", "quantity": 2]],
        "payments": [["method": "Cash"]],
    ]

    /// A plugin "extra" that may read sales and the books, with these files besides its manifest.
    private func install(
        _ files: [String: String], name: String = "extra",
        capabilities: String = #"{ record = { read = { "pos.sale" } }, ledger = { read = { "*" } } }"#
    ) throws {
        let (tenant, actor, clock) = (shop.tenant, shop.house.actor, shop.house.clock)
        var bytes = files.mapValues { Array($0.utf8) }
        bytes["plugin.lua"] = Array(
            #"return { name = "\#(name)", version = "1.0.0", depends = { pos = "^1.0" }, permissions = { { "\#(name).view" } }, capabilities = \#(capabilities) }"#.utf8)
        let all = bytes
        let revision = try tenant.store.write { db in
            try PluginInstallation(db, tenant: tenant, actor: actor, clock: clock).install(files: all, shippedRules: [:])
        }
        tenant.revisionSlot.publish(revision)
    }

    static func report(
        _ sql: String, columns: String = #"{ "n", "integer" }"#, params: String = "", more: String = "", plugin: String = "extra"
    ) -> String {
        """
        return { id = "r", title = "R", permission = "\(plugin).view", params = { \(params) }, columns = { \(columns) }, \(more)
          sql = [==[\(sql)]==] }
        """
    }

    private func install(_ sql: String, columns: String = #"{ "n", "integer" }"#, params: String = "", more: String = "") throws {
        try install(["reports/r.lua": Self.report(sql, columns: columns, params: params, more: more)])
    }

    private func json(_ id: String = "extra.r", as principal: Principal? = nil, query: [(String, String)] = []) throws -> Value {
        let reply = try shop.call(.get, "/api/reports/\(id)", as: principal, query: query)
        guard case .bytes(let bytes, _) = reply.body else { throw Problem(500, "test", "no bytes") }
        return try JSON.parse(bytes)
    }

    private func csv(_ id: String = "extra.r", query: [(String, String)] = []) throws -> String {
        let (tenant, house) = (shop.tenant, shop.house)
        let revision = try #require(tenant.revisionSlot.current)
        let endpoint = try #require(revision.endpoints.first { $0.path.description == "/api/reports/\(id)" })
        let call = Call(
            endpoint: endpoint, instance: house.instance, tenant: tenant, revision: revision, principal: shop.manager,
            query: (query + [("format", "csv")]).map { (name: $0.0, value: $0.1) }, requestID: "r1", now: house.now)
        return try tenant.store.read { db in
            try call.with(db) {
                guard case .stream(let type, let write) = try endpoint.handle(call).body else { throw Problem(500, "test", "no stream") }
                #expect(type == "text/csv; charset=utf-8")
                nonisolated(unsafe) var bytes: [UInt8] = []
                try write(call) { bytes += $0 }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    private func code(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return (error as? any ProblemConvertible)?.problem.code ?? "\(error)" }
        return nil
    }

    // MARK: What is shipped

    @Test func `the shop's reports say what was sold, what is on hand and where it stands in the books`() throws {
        _ = try shop.sell(Self.sale)
        _ = try shop.sell(Self.sale)
        let sales = try json("pos.sales_by_day")
        #expect(sales["items"]?.array?.count == 1)
        let day = try #require(sales["items"]?[0])
        #expect(day["day"] == .string(shop.tenant.today(shop.house.now).description))
        #expect(day["sales"] == 2)
        #expect(day["net"] == 20_000)
        #expect(day["margin"] == 8_000)
        #expect(day["total"]?.int == (day["net"]?.int ?? 0) + (day["tax"]?.int ?? 0))
        #expect(sales["currency"] == "GHS")
        #expect(sales["chart"]?["kind"] == "bar")
        #expect(try json("pos.sales_by_day", query: [("from", "2020-01-01"), ("through", "2020-12-31")])["items"] == [])

        let stock = try json("catalog.stock_valuation")
        let rice = try #require(stock["items"]?.array?.first { $0["sku"] == "RICE-5KG" })
        #expect(rice["quantity"] == "96")
        #expect(rice["value"] == 288_000)

        let trial = try json("accounting.trial_balance")["items"]?.array ?? []
        #expect(trial.reduce(0) { $0 + ($1["balance"]?.int ?? 0) } == 0)
        let cash = try #require(trial.first { ($0["debits"]?.int ?? 0) == 2 * ((day["total"]?.int ?? 0) / 2) && $0["kind"] == "asset" })
        let lines = try json("accounting.account_lines", query: [("account", cash["account"]?.string ?? "")])
        #expect(lines["items"]?.array?.count == 2)
        #expect(lines["items"]?[0]?["source_type"]?.string?.isEmpty == false)
    }

    @Test func `reports and dashboards are listed for those who may run them`() throws {
        func ids(_ principal: Principal) throws -> [String] {
            let endpoint = try #require(ReportEndpoints.endpoints.first)
            return try list(endpoint, principal).map { $0["id"]?.string ?? "" }
        }
        let clerk = Principal(kind: .user, userID: 1, username: "x", permissions: ["reports.view", "pos.view"])
        #expect(try ids(clerk) == ["pos.sales_by_day"])
        #expect(try ids(shop.manager).contains("catalog.stock_valuation"))
        let boards = try list(ReportEndpoints.endpoints[1], clerk)
        #expect(boards.count == 1)
        #expect(boards[0]["reports"]?.array?.map { $0["report"] } == ["pos.sales_by_day"])
        #expect(try list(ReportEndpoints.endpoints[1], shop.manager)[0]["reports"]?.array?.count == 2)
        #expect(code { _ = try json("pos.sales_by_day", as: Principal(kind: .user, userID: 1, username: "x", permissions: ["reports.view"])) } == "auth.forbidden")
    }

    private func list(_ endpoint: Endpoint, _ principal: Principal) throws -> [Value] {
        let call = Call(
            endpoint: endpoint, instance: shop.house.instance, tenant: shop.tenant, revision: shop.tenant.revisionSlot.current,
            principal: principal, requestID: "r1", now: shop.house.now)
        guard case .json(let body) = try shop.tenant.store.read({ db in try call.with(db) { try endpoint.handle(call) } }).body else { return [] }
        return body["items"]?.array ?? []
    }

    // MARK: Parameters and values

    @Test func `parameters are typed, and every wrong one is named`() throws {
        try install(
            "SELECT :day, :count, :rate, :price, :flag, :word, :today, :currency",
            columns: #"{ "day", "date" }, { "count", "integer" }, { "rate", "decimal", places = 2 }, { "price", "money" }, { "flag", "boolean" }, { "word", "enum", values = { "a", "b" } }, { "today", "date" }, { "currency", "text" }"#,
            params: #"{ "day", "date" }, { "count", "integer", default = 7, min = 1 }, { "rate", "decimal", places = 2 }, { "price", "money" }, { "flag", "boolean" }, { "word", "enum", values = { "a", "b" }, required = true }"#)
        let row = try #require(
            json(query: [("day", "2026-01-31"), ("rate", "1.5"), ("price", "1250"), ("flag", "true"), ("word", "b")])["items"]?[0])
        #expect(row == [
            "day": "2026-01-31", "count": 7, "rate": "1.5", "price": 1250, "flag": true, "word": "b",
            "today": .string(shop.tenant.today(shop.house.now).description), "currency": "GHS",
        ])
        do {
            _ = try json(query: [("day", "tomorrow"), ("count", "0"), ("rate", "1.234"), ("flag", "yes"), ("other", "1")])
            Issue.record("accepted")
        } catch let problem as Problem {
            let fields = problem.extra.first { $0.0 == "errors" }?.1.array?.map { $0["field"]?.string ?? "" } ?? []
            #expect(Set(fields) == ["day", "count", "rate", "flag", "word", "other"])
        }
        #expect(code { _ = try json(query: [("word", "a"), ("format", "xml")]) } == "request.invalid")
    }

    @Test(arguments: [
        ("SELECT 1.5", #"{ "n", "integer" }"#), ("SELECT 'x'", #"{ "n", "money" }"#), ("SELECT 1", #"{ "n", "text" }"#),
        ("SELECT 5 / 2.0", #"{ "n", "decimal" }"#),
    ])
    func `a value that is not of its column's kind is refused`(sql: String, columns: String) throws {
        try install(sql, columns: columns)
        #expect(code { _ = try json() } == "report.value_invalid")
    }

    @Test func `a file has decimals beside their currency, and no formulas`() throws {
        try install(
            "SELECT 'a,\"b\"', '=1+1', 1250, -5, NULL, 1500",
            columns: #"{ "text", "text" }, { "formula", "text" }, { "amount", "money" }, { "small", "money" }, { "nothing", "text" }, { "quantity", "decimal", places = 3 }"#)
        #expect(try csv() == "text,formula,amount,small,nothing,quantity,currency\r\n\"a,\"\"b\"\"\",'=1+1,12.50,-0.05,,1.5,GHS\r\n")
    }

    // MARK: Branches

    @Test func `who sees some branches only gets their rows, lines included, however the report is written`() throws {
        let (tenant, actor) = (shop.tenant, shop.house.actor)
        let kumasi = try tenant.store.write { db in try Branches.create(db, actor, code: "KUM-01", name: "Kumasi").id }
        _ = try shop.sell(Self.sale)
        let accra = try tenant.store.read { db in try db.integer(SQL("SELECT id FROM platform_branches WHERE code = 'ACC-01'")) }
        func principal(_ branches: Set<Int64>?) -> Principal {
            Principal(kind: .user, userID: 1, username: "x", permissions: ["*"], branchIDs: branches)
        }
        let queries = [
            "SELECT count(*) FROM pos_sales", "SELECT count(*) FROM \"POS_Sales\"",
            "WITH s AS (SELECT * FROM pos_sales) SELECT count(*) FROM s", "SELECT count(*) FROM pos_sale_lines;",
            "SELECT (SELECT count(*) FROM [pos_sales] -- the end",
        ]
        for (index, sql) in queries.enumerated() where index < 4 {
            try install(["reports/r.lua": Self.report(sql, plugin: "extra\(index)")], name: "extra\(index)")
            for (branches, expected) in [(nil, 1), ([accra], 1), ([kumasi], 0), ([], 0)] as [(Set<Int64>?, Int64)] {
                let found = try json("extra\(index).r", as: principal(branches))["items"]?[0]?["n"]
                #expect(found == .int(expected), "\(sql) for \(branches ?? [-1])")
            }
        }
        #expect(code { try install(queries[4]) } == "script.contract")
    }

    // MARK: The cache

    @Test func `an answer is kept until a table that it reads is written, or its time is over`() throws {
        try install("SELECT count(*) FROM pos_sales", more: "cache = 30,")
        func ask() throws -> (cached: Bool?, count: Int64?) {
            let answer = try json()
            return (answer["cached"]?.bool, answer["items"]?[0]?["n"]?.int)
        }
        #expect(try ask() == (false, 0))
        #expect(try ask() == (true, 0))
        // A write elsewhere leaves it.
        _ = try shop.call(.post, "/api/customers", ["name": "Ama"])
        #expect(try ask() == (true, 0))
        _ = try shop.sell(Self.sale)
        #expect(try ask() == (false, 1))
        #expect(try ask() == (true, 1))
        shop.house.advance(seconds: 31)
        #expect(try ask() == (false, 1))
        // Another's branches are another question.
        let limited = Principal(kind: .user, userID: 1, username: "x", permissions: ["*"], branchIDs: [])
        #expect(try json(as: limited)["cached"] == false)
        #expect(try json(as: limited)["items"]?[0]?["n"] == 0)
        #expect(try json(as: limited)["cached"] == true)
    }

    @Test func `postings make answers about the books old`() throws {
        try install("SELECT coalesce(sum(debit_minor), 0) FROM ledger_movements", more: "cache = 30,")
        let before = try json()
        #expect(try json()["cached"] == true)
        _ = try shop.sell(Self.sale)
        let after = try json()
        #expect(after["cached"] == false)
        #expect(after["items"] != before["items"])
    }

    @Test func `the cache stays within its bounds`() throws {
        let cache = ReportCache()
        let store = shop.tenant.store
        let stamp = store.changeStamp(of: TableSet(["pos_sales"]))
        let now = shop.house.now
        for number in 0..<100 {
            cache.keep(
                "\(number)", .init(items: [UInt8](repeating: 0, count: 1 << 19), computedAt: now.adding(milliseconds: Int64(number))),
                stamp: stamp, seconds: 60)
        }
        #expect(cache.count <= ReportCache.mostBytes >> 19)
        #expect(cache.find("99", stamp: stamp, now: now.adding(seconds: 1)) != nil)
        #expect(cache.find("0", stamp: stamp, now: now.adding(seconds: 1)) == nil)
        cache.keep("big", .init(items: [UInt8](repeating: 0, count: 2 << 20), computedAt: now), stamp: stamp, seconds: 60)
        #expect(cache.find("big", stamp: stamp, now: now) == nil)
    }
}
