import Core
import Platform
import Testing

/// What a route declares of its input is held to, member by member.
@Suite struct RouteInputTests {
    private static let files = [
        "routes/pay.lua": """
            return { method = "POST", path = "/api/odd/pay", permission = "odd.edit",
              input = {
                { "amount", "money", min = 1, max = 50000 }, { "rate", "decimal", min = "0.5", max = 2 }, { "share", "percent" },
                { "lines", "lines", fields = { { "price", "money", min = 0 } } },
              },
              run = function(req) return { ok = true } end }
            """
    ]

    @Test(arguments: [
        ("amount", .int(0)), ("amount", -5), ("amount", 50_001), ("rate", "0.4999"), ("rate", 3), ("share", "-1"), ("share", "100.01"),
        ("lines", [["price": 5], ["price": -1]]),
    ] as [(String, Value)])
    func `bounds of money and decimals hold`(name: String, value: Value) throws {
        let shop = try Shop()
        try shop.install("odd", Self.files)
        let problem = try shop.refuses("request.invalid", field: name == "lines" ? "lines[1].price" : name) {
            try shop.call(.post, "/api/odd/pay", .object(Object([(name, value)])))
        }
        #expect(problem?.extra.first { $0.0 == "errors" }?.1[0]?["code"] == "out_of_range")
    }

    @Test func `what lies within them passes`() throws {
        let shop = try Shop()
        try shop.install("odd", Self.files)
        let body: Value = ["amount": 50_000, "rate": "0.5", "share": 100, "lines": [["price": 0]]]
        #expect(try shop.call(.post, "/api/odd/pay", body).value["ok"] == true)
        #expect(try shop.call(.post, "/api/odd/pay", ["amount": 1, "rate": 2]).value["ok"] == true)
    }
}
