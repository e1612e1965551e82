import Core
import Platform
import Testing

/// What a route declares of its input and output is what comes in and goes out.
@Suite struct RouteShapeTests {
    private static let files = [
        "routes/send.lua": """
            return { method = "POST", path = "/api/odd/send", permission = "odd.edit",
              input = {
                { "fee", "money", default = 250 }, { "to", "object", fields = { { "name", "text" }, { "city", "text", default = "Accra" } } },
                { "shape", "text" },
              },
              output = {
                { "fee", "money" }, { "to", "object", fields = { { "city", "text" } } },
                { "lines", "list", fields = { { "n", "integer" } } },
              },
              run = function(req)
                if req.body.shape == "text" then return "no table" end
                return { fee = req.body.fee, to = req.body.to, secret = "stays" }
              end }
            """,
        "routes/look.lua": """
            return { method = "GET", path = "/api/odd/look", permission = "odd.see",
              query = { { "n", "integer" } }, output = { { "n", "integer" } },
              run = function(req) return { n = req.query.n } end }
            """,
    ]

    private func shop() throws -> Shop {
        let shop = try Shop()
        try shop.install("odd", Self.files)
        return shop
    }

    @Test func `what is absent has its default, and what is not declared stays inside`() throws {
        let shop = try shop()
        let given = try shop.call(.post, "/api/odd/send", ["to": ["name": "Ama"]]).value
        #expect(JSON.text(given) == #"{"fee":250,"to":{"city":"Accra"},"lines":[]}"#)
        let other = try shop.call(.post, "/api/odd/send", ["fee": 7, "to": ["city": "Tema"]]).value
        #expect(JSON.text(other) == #"{"fee":7,"to":{"city":"Tema"},"lines":[]}"#)
    }

    @Test func `a script that returns no table where one is declared is told`() throws {
        let shop = try shop()
        let problem = try shop.refuses("script.result") {
            try shop.call(.post, "/api/odd/send", ["shape": "text"])
        }
        #expect(problem?.detail == "The script returned text where its output declares a table.")
    }

    @Test func `a query has declared parameters only`() throws {
        let shop = try shop()
        #expect(try shop.call(.get, "/api/odd/look", query: [("n", "5")]).value["n"] == 5)
        let problem = try shop.refuses("request.invalid", field: "colour") {
            try shop.call(.get, "/api/odd/look", query: [("n", "5"), ("colour", "red")])
        }
        #expect(problem?.extra.first { $0.0 == "errors" }?.1[0]?["code"] == "unknown")
    }
}
