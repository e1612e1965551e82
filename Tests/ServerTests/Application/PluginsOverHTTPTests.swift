import Core
import Platform
import Server
import Testing

/// A tenant with plugins beside one without: what each is served, and who gets at it.
@Suite struct PluginsOverHTTPTests {
    private static let sale: Value = [
        "branch": "ACC-01", "customer_type": "Walk-in", "lines": [["sku": "RICE-5KG", "quantity": 2]],
        "payments": [["method": "Cash"]],
    ]

    /// Acme sells; Globex has no plugin.
    private func shop() throws -> (TestHouse, WebClient) {
        let house = try TestHouse(home: TestHouse.shippedHome)
        let client = try house.client()
        for plugin in ["accounting", "catalog", "pos"] {
            let answer = try client.post("/api/plugins", ["name": .string(plugin)])
            try #require(answer.status == 200, "\(answer.text)")
        }
        try #require(try client.post("/api/branches", ["code": "ACC-01", "name": "Accra"]).status == 201)
        let product: Value = ["sku": "RICE-5KG", "name": "Rice", "price": 5_000, "cost": 3_000, "tax_category": "standard"]
        try #require(try client.post("/api/products", product).status == 201)
        let stock = try client.post(
            "/api/stock-movements", ["branch": "ACC-01", "sku": "RICE-5KG", "quantity": 100, "reason": "opening"])
        try #require(stock.status == 201, "\(stock.text)")
        return (house, client)
    }

    @Test func `a sale is made, replayed under its key, and stands in the books`() throws {
        let (house, client) = try shop()
        let sold = try client.post("/api/sales", Self.sale, key: "s1")
        #expect(sold.status == 201, "\(sold.text)")
        let again = try client.post("/api/sales", Self.sale, key: "s1")
        #expect(again.body == sold.body)
        #expect(again.header("idempotency-replayed") == "true")
        let id = try #require(sold.json["id"]?.int)
        #expect(try client.get("/api/sales/\(id)").json["invoice_number"] == sold.json["invoice_number"])
        let number = try #require(sold.json["invoice_number"]?.string)
        #expect(try client.get("/api/sequences").json["items"]?.array?.isEmpty == false)
        let entry = try #require(sold.json["journal_entry"]?["id"]?.int)
        #expect(try client.get("/api/ledger/entries/\(entry)").json["source"]?["id"] == .int(id), "\(number)")
        #expect(try client.get("/api/ledger/trial-balance").json["balanced"] == true)
        #expect(try client.post("/api/ledger/verify", [:]).json["ok"] == true)
        // the other tenant has no such route, whoever asks
        let other = try house.client(at: house.globex)
        #expect(try other.post("/api/sales", Self.sale).status == 404)
        other.token = client.token
        #expect(try other.get("/api/sales/\(id)").status == 404)
        let foreign = try house.client()
        foreign.token = try house.token(at: house.globex)
        #expect(try foreign.post("/api/sales", Self.sale).status == 401)
        #expect(try foreign.get("/api/sales/\(id)").status == 401)
    }

    @Test func `a refused sale changes nothing and says where`() throws {
        let (_, client) = try shop()
        var sale = Self.sale
        if case .object(var object) = sale {
            object["lines"] = [["sku": "NO-SUCH", "quantity": 2]]
            sale = .object(object)
        }
        let before = try client.get("/api/ledger/trial-balance").json
        let refused = try client.post("/api/sales", sale)
        #expect((400..<500).contains(refused.status), "\(refused.text)")
        #expect(refused.code != nil)
        #expect(try client.get("/api/ledger/trial-balance").json == before)
    }

    @Test func `each tenant's description has what it is served and no more`() throws {
        let (house, client) = try shop()
        let document = try client.get("/openapi.json").json
        var described: Set<String> = []
        for (path, item) in try #require(document["paths"]?.object) {
            for method in item.object?.keys ?? [] { described.insert("\(method.uppercased()) \(path)") }
        }
        let revision = try #require(house.acme.revisionSlot.current)
        let served = Set(
            (house.application.tenantEndpoints + revision.endpoints).map { "\($0.method.rawValue) \($0.path.openAPI)" })
        #expect(described == served)
        #expect(described.contains("POST /api/sales"))
        let other = try house.client(at: house.globex).get("/openapi.json").json
        #expect(other["paths"]?["/api/sales"] == nil)
    }

    @Test func `every route of a plugin is closed to strangers and to users without its permission`() throws {
        let (house, _) = try shop()
        try house.user("kofi")
        let kofi = try house.client("kofi")
        let nobody = house.anonymous()
        let globex = try house.token(at: house.globex)
        let foreign = house.anonymous()
        foreign.token = globex
        for endpoint in try #require(house.acme.revisionSlot.current).endpoints {
            let target = endpoint.path.segments.map { segment in
                switch segment {
                case .literal(let text): "/\(text)"
                case .parameter, .rest: "/1"
                }
            }.joined()
            let name = "\(endpoint.method.rawValue) \(endpoint.path)"
            #expect(endpoint.access != .anyone && endpoint.access != .signedIn, "\(name)")
            house.advance(seconds: 2)
            for (client, status) in [(nobody, 401), (foreign, 401), (kofi, 403)] {
                let answer =
                    endpoint.method == .get
                    ? try client.get(target)
                    : try client.send(endpoint.method.rawValue, target, endpoint.documentation.input?.example ?? [:])
                #expect(answer.status == status, "\(name): \(answer.text)")
            }
        }
    }

    @Test func `a plugin that takes a route of the kernel is refused and leaves nothing`() throws {
        let home = try Files.temporaryDirectory("kontor-home")
        defer { try? Files.removeTree(home) }
        for folder in ["Rules", "Plugins", "Plugins/greedy", "Plugins/greedy/routes"] { try Files.createDirectory("\(home)/\(folder)") }
        try Files.writeAtomically(
            "\(home)/Plugins/greedy/plugin.lua",
            Array(
                """
                return { name = "greedy", version = "1.0.0", title = "Greedy", publisher = "test", license = "MIT",
                  api = "2026.1", kernel = ">=0.1 <2", permissions = { { "greedy.all", title = "Everything" } } }
                """.utf8))
        try Files.writeAtomically(
            "\(home)/Plugins/greedy/routes/scripts.lua",
            Array(
                """
                return { method = "GET", path = "/api/scripts/mine", permission = "greedy.all", run = function(req) return {} end }
                """.utf8))
        let house = try TestHouse(home: home)
        let client = try house.client()
        let refused = try client.post("/api/plugins", ["name": "greedy"])
        #expect(refused.code == "plugin.conflict", "\(refused.text)")
        #expect(refused.json["detail"]?.string?.contains("/api/scripts/{path...}") == true)
        #expect(try client.get("/api/plugins").json["items"] == [])
    }
}
