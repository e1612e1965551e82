import Core
import Platform
import Storage
import Testing

/// What rules decided is kept beside the business, and shows what a draft would have changed and where figures come from.
@Suite struct DecisionTests {
    private static let tax = "Rules/tax/gh-standard.lua"

    private func draft(_ shop: Shop, _ path: String, _ change: (String) -> String) throws {
        let source = try shop.call(.get, "/api/scripts/\(path)").json["source"]?.string ?? ""
        _ = try shop.call(.put, "/api/scripts/\(path)/draft", ["source": .string(change(source))])
    }

    @Test func `a draft is replayed on what was sold, and told in money`() throws {
        let shop = try Shop()
        for _ in 0..<3 { _ = try shop.sell(Shop.sale) }
        let cheap: Value = ["branch": "ACC-01", "lines": [["sku": "BOOK", "quantity": 1]], "payments": [["method": "Cash"]]]
        _ = try shop.sell(cheap)
        // From 2026 on VAT is 15 %; the draft makes it 10 %: 5 % less of 112.50, three times.
        try draft(shop, Self.tax) { $0.replacing("{ \"VAT\",     rate = \"0.15\",  base = { \"net\" }, from", with: "{ \"VAT\",     rate = \"0.10\",  base = { \"net\" }, from") }
        let impact = try shop.call(.post, "/api/scripts/\(Self.tax)/impact").value
        #expect(impact["replayed"] == 4)
        #expect(impact["differ"] == 3, "\(impact)")
        #expect(impact["effect"] == -1_689 || impact["effect"] == -1_686 || impact["effect"] == -1_687, "\(impact["summary"] ?? .null)")
        #expect(impact["summary"]?.string?.hasPrefix("4 decisions replayed, 3 differ, -16.8") == true, "\(impact["summary"] ?? .null)")
        #expect(impact["values"]?.array?.first?["field"] == "components[7].rate")
        #expect(impact["differences"]?[0]?["record"]?["type"] == "pos.sale")
    }

    @Test func `a draft that changes nothing differs nowhere`() throws {
        let shop = try Shop()
        _ = try shop.sell(Shop.sale)
        try draft(shop, "Rules/posting/standard.lua") { $0 + "\n-- a remark\n" }
        let impact = try shop.call(.post, "/api/scripts/Rules/posting/standard.lua/impact").value
        #expect(impact["replayed"] == 1 && impact["differ"] == 0 && impact["effect"] == 0, "\(impact)")
        #expect(impact["values"] == [])
    }

    @Test func `a draft that fails where the rule in force did not is told`() throws {
        let shop = try Shop()
        _ = try shop.sell(Shop.sale)
        try draft(shop, "Rules/posting/standard.lua") { $0.replacing("local lines = {}", with: "local lines = {}\n    error(\"no\")") }
        let impact = try shop.call(.post, "/api/scripts/Rules/posting/standard.lua/impact").value
        #expect(impact["failed"] == 1 && impact["differ"] == 1, "\(impact)")
    }

    @Test func `where nothing was decided yet, cases are generated`() throws {
        let shop = try Shop()
        try draft(shop, Self.tax) { $0.replacing("rate = \"0.15\",  base = { \"net\" }, from", with: "rate = \"0.10\",  base = { \"net\" }, from") }
        let impact = try shop.call(.post, "/api/scripts/\(Self.tax)/impact").value
        #expect(impact["generated"] == true)
        #expect((impact["replayed"]?.int ?? 0) > 10 && (impact["differ"]?.int ?? 0) > 3, "\(impact["summary"] ?? .null)")
        #expect((impact["effect"]?.int ?? 0) < 0)
    }

    @Test func `a record is explained by the versions that it was made under`() throws {
        let shop = try Shop()
        let first = try shop.sell(Shop.sale)["id"]?.int ?? 0
        _ = try shop.publish(Self.tax) { $0.replacing("-- standard, zero, exempt or relief", with: "-- a remark") }
        let second = try shop.sell(Shop.sale)["id"]?.int ?? 0
        let before = try shop.call(.get, "/api/explain/pos.sale/\(first)").value
        let after = try shop.call(.get, "/api/explain/pos.sale/\(second)").value
        #expect(before["rules"]?.array?.contains("Rules/tax/gh-standard.lua@1") == true, "\(before["rules"] ?? .null)")
        #expect(after["rules"]?.array?.contains("Rules/tax/gh-standard.lua@2") == true, "\(after["rules"] ?? .null)")
        #expect(before["rules"]?.array?.contains("Rules/posting/standard.lua@1") == true)
        let figures = before["figures"]?.array ?? []
        let total = figures.first { $0["field"] == "total" }
        #expect(total?["rule"] == "Rules/tax/gh-standard.lua@1", "\(figures)")
        #expect(total?["path"] == "total")
        let tax = try #require(before["decisions"]?.array?.first { $0["function"] == "tax.calculate" })
        #expect(tax["line"] == 12, "\(tax)")
        #expect(tax["input"]?[0]?["lines"]?.array?.count == 2)
        let posting = before["decisions"]?.array?.first { $0["function"] == "sale" }
        #expect((posting?["line"]?.int ?? 0) > 4)
    }

    @Test func `who may not read the record gets no explanation`() throws {
        let shop = try Shop()
        let id = try shop.sell(Shop.sale)["id"]?.int ?? 0
        let viewer = Principal(kind: .user, userID: 9, username: "eve", permissions: ["scripts.view"])
        #expect(code { try shop.call(.get, "/api/explain/pos.sale/\(id)", as: viewer) } == "permission.denied")
        #expect(code { try shop.call(.get, "/api/explain/pos.nothing/\(id)") } == "record.type_unknown")
    }

    @Test func `a refused sale leaves no decision`() throws {
        let shop = try Shop()
        func replayed() throws -> Value? {
            try draft(shop, Self.tax) { $0 + "\n-- a remark\n" }
            let impact = try shop.call(.post, "/api/scripts/\(Self.tax)/impact").value
            return impact["generated"] == true ? 0 : impact["replayed"]
        }
        _ = try? shop.sell(["branch": "ACC-01", "lines": [["sku": "RICE-5KG", "quantity": 1]], "payments": [["method": "Cash", "amount": 1]]])
        #expect(try replayed() == 0)
        _ = try shop.sell(Shop.sale)
        #expect(try replayed() == 1)
    }

    @Test func `tests leave no decision`() throws {
        let shop = try Shop()
        try draft(shop, Self.tax) { $0 + "\n-- a remark\n" }
        let report = try shop.call(.post, "/api/scripts/\(Self.tax)/test", ["tests": .string("""
            it("sells", function()
              given.record("catalog.product", { sku = "T", name = "T", price = 1000, stocked = false })
              call("POST", "/api/sales", { branch = "ACC-01", lines = { { sku = "T", quantity = 1 } }, payments = { { method = "Cash" } } })
              expect(record.count("pos.sale", {})):equals(1)
            end)
            """)]).value
        #expect(report["ok"] == true, "\(report)")
        #expect(try shop.call(.post, "/api/scripts/\(Self.tax)/impact").value["generated"] == true)
    }
}
