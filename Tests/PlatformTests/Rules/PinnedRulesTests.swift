import Core
import Platform
import Testing

/// A record keeps the terms under which it was made: `rules.at`.
@Suite struct PinnedRulesTests {
    private static let contract = """
        return { id = "club.fees", key = "kind", fallback = "default", fields = {
          { "kind", "text", required = true },
          { "percent", "integer", required = true },
          { "fee", "money", default = "0", or_function = { "integer" } },
        } }
        """
    private static func rules(_ percent: Int, _ fee: String) -> String {
        "return { contract = \"club.fees\", kind = \"default\", percent = \(percent), fee = \(fee) }"
    }
    private static let routes = [
        "routes/now.lua": """
            return { method = "GET", path = "/api/club/now", permission = "club.see",
              run = function() return { version = rules.get("club.fees").version } end }
            """,
        "routes/at.lua": """
            return { method = "GET", path = "/api/club/at", permission = "club.see", query = { { "version", "text", required = true } },
              run = function(req)
                local terms = rules.at("club.fees", req.query.version)
                local fee = terms.fee
                if type(fee) == "function" then fee = fee(40) end
                return { version = terms.version, percent = terms.percent, fee = fee }
              end }
            """,
    ]

    private func shop() throws -> Shop {
        let shop = try Shop()
        var files = Self.routes
        files["contracts/fees.lua"] = Self.contract
        files["rules/fees.lua"] = Self.rules(10, "function(days) if days > 30 then return money \"10.00\" end return money \"5.00\" end")
        try shop.install("club", files)
        return shop
    }

    private func at(_ version: String, _ shop: Shop) throws -> Value {
        try shop.call(.get, "/api/club/at", query: [("version", version)]).value
    }

    @Test func `a version is what it was, values and functions, whatever is in force now`() throws {
        let shop = try shop()
        let first = try #require(try shop.call(.get, "/api/club/now").value["version"]?.string)
        let path = try #require(first.split(separator: "@").first.map(String.init))
        _ = try shop.publish(path) { _ in Self.rules(25, "\"7.00\"") }
        let second = try #require(try shop.call(.get, "/api/club/now").value["version"]?.string)
        #expect(first != second)
        for _ in 1...2 {
            #expect(try at(first, shop) == ["version": .string(first), "percent": 10, "fee": 1_000])
            #expect(try at(second, shop) == ["version": .string(second), "percent": 25, "fee": 700])
        }
        _ = try shop.publish(path) { _ in Self.rules(30, "\"1.00\"") }
        #expect(try at(first, shop)["percent"] == 10)
        #expect(try at(second, shop)["percent"] == 25)
    }

    @Test(arguments: [
        "club", "@1", "Rules/club/fees.lua", "Rules/club/fees.lua@0", "Rules/club/fees.lua@9", "Rules/club/fees.lua@-1",
        "Rules/club/other.lua@1", "Rules/payments/standard.lua@1", "Rules/club/fees.lua@99999999999999999999",
    ])
    func `what is no version of this contract is refused by name`(version: String) throws {
        #expect(code { try at(version, try shop()) } == "rules.none")
    }

    @Test func `a version that the contract of today cannot read says so`() throws {
        let shop = try shop()
        let first = try #require(try shop.call(.get, "/api/club/now").value["version"]?.string)
        let path = try #require(first.split(separator: "@").first.map(String.init))
        _ = try shop.publish(path) { _ in "return { contract = \"club.fees\", kind = \"default\", percent = 5 }" }
        var files = Self.routes
        files["contracts/fees.lua"] = Self.contract.replacing("{ \"percent\", \"integer\", required = true }", with: "{ \"percent\", \"integer\", required = true, max = 6 }")
        try shop.install("club", version: "1.1.0", files)
        #expect(code { try at(first, shop) } == "rules.outdated")
    }
}
