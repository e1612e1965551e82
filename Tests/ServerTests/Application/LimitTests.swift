import Core
import Platform
import Server
import Testing

/// How often one caller may ask. The clock stands still, so that nothing depends on how fast the test runs.
@Suite struct LimitTests {
    private func usual(_ house: TestHouse, _ user: String = "admin", at tenant: Tenant? = nil) throws -> WebClient {
        let tenant = tenant ?? house.acme
        return WebClient(
            port: house.port, host: tenant.domain, token: try house.token(user, at: tenant, requestsPerMinute: nil))
    }

    @Test func `the hundred and first request in a minute is refused, until time has passed`() throws {
        let house = try TestHouse()
        let client = try usual(house)
        for _ in 0..<100 { #expect(try client.get("/api/test/notes").status == 200) }
        let refused = try client.get("/api/test/notes")
        #expect(refused.status == 429)
        #expect(refused.code == "request.rate_limited")
        let wait = try #require(refused.header("retry-after").flatMap { Int64($0) })
        #expect((1...60).contains(wait))
        #expect(try client.get("/api/health").status == 200, "what is not limited")
        house.advance(seconds: wait)
        #expect(try client.get("/api/test/notes").status == 200)
        house.advance(seconds: 60)
        for _ in 0..<100 { #expect(try client.get("/api/test/notes").status == 200) }
        #expect(try client.get("/api/test/notes").status == 429)
    }

    @Test func `one caller's limit is nobody else's`() throws {
        let house = try TestHouse()
        try house.user("kofi", roles: ["admin"])
        let ada = try usual(house)
        for _ in 0...100 { _ = try ada.get("/api/test/notes") }
        #expect(try ada.get("/api/test/notes").status == 429)
        #expect(try usual(house).get("/api/test/notes").status == 200, "another token of the same user")
        #expect(try usual(house, "kofi").get("/api/test/notes").status == 200)
        #expect(try usual(house, at: house.globex).get("/api/test/notes").status == 200)
        #expect(try house.browser().get("/api/test/notes").status == 200)
    }

    @Test func `analytics take ten in a minute, a trigger one in five minutes`() throws {
        let house = try TestHouse()
        let client = try house.client()
        for _ in 0..<10 { #expect(try client.get("/api/test/analytics").status == 200) }
        #expect(try client.get("/api/test/analytics").status == 429)
        #expect(try client.post("/api/test/trigger", [:]).status == 202)
        let refused = try client.post("/api/test/trigger", [:])
        #expect(refused.status == 429)
        #expect(refused.header("retry-after") == "300")
        house.advance(seconds: 299)
        #expect(try client.post("/api/test/trigger", [:]).status == 429)
        house.advance(seconds: 2)
        #expect(try client.post("/api/test/trigger", [:]).status == 202)
    }

    @Test func `an administrator sets other figures for the tenant, and it is on record`() throws {
        let house = try TestHouse()
        let admin = try house.client()
        #expect(try admin.get("/api/rate-limits").json["standard"] == ["requests": 100, "seconds": 60])
        let set = try admin.send("PUT", "/api/rate-limits", ["standard": ["requests": 200, "seconds": 60]])
        #expect(set.status == 200, "\(set.text)")
        #expect(set.json["own"] == ["standard"])
        let client = try usual(house)
        for _ in 0..<200 { #expect(try client.get("/api/test/notes").status == 200) }
        #expect(try client.get("/api/test/notes").status == 429)
        let other = try usual(house, at: house.globex)
        for _ in 0..<100 { _ = try other.get("/api/test/notes") }
        #expect(try other.get("/api/test/notes").status == 429, "the other tenant has the usual figures")
        let audit = try admin.get("/api/audit?limit=3").json["items"]?.array ?? []
        #expect(audit.contains { $0["action"] == "rate_limits.changed" }, "\(audit)")
        _ = try admin.send("PUT", "/api/rate-limits", [:])
        #expect(try admin.get("/api/rate-limits").json["own"] == [])
        #expect(try admin.send("PUT", "/api/rate-limits", ["standard": ["requests": 0, "seconds": 60]]).status == 422)
    }

    @Test func `a token may have a figure of its own`() throws {
        let house = try TestHouse()
        let client = WebClient(
            port: house.port, host: "acme.localhost", token: try house.token(requestsPerMinute: 5))
        for _ in 0..<5 { #expect(try client.get("/api/test/notes").status == 200) }
        #expect(try client.get("/api/test/notes").status == 429)
    }

    @Test func `guessing tokens is limited by address`() throws {
        let house = try TestHouse()
        let client = house.anonymous()
        client.token = "kt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        for _ in 0..<100 { #expect(try client.get("/api/test/notes").status == 401) }
        #expect(try client.get("/api/test/notes").status == 429)
        #expect(try house.client().get("/api/test/notes").status == 200, "a good token from there still works")
    }
}
