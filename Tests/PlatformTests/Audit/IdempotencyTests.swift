import Core
import Platform
import Storage
import Testing

@Suite struct IdempotencyTests {
    private let answer = Idempotency.Answer(status: 201, contentType: "application/json", body: Array("{\"id\":1}".utf8))

    private func request(
        _ body: String = "{}", key: String = "k-1", user: Int64 = 1, route: String = "/api/sales", path: String = "/api/sales"
    ) throws -> Idempotency.Request {
        try Idempotency.Request(principalID: user, route: route, key: key, path: path, body: Array(body.utf8))
    }

    private func lookup(_ request: Idempotency.Request, at tenant: Tenant) throws -> Idempotency.Answer? {
        try tenant.store.read { db in try Idempotency.lookup(db, request) }
    }

    /// A house in which the first request was answered.
    private func answered() throws -> TestHouse {
        let house = try TestHouse()
        let first = try request()
        let now = house.now
        #expect(try lookup(first, at: house.acme) == nil)
        try house.acme.store.write { [answer] db in try Idempotency.store(db, first, answer, now: now) }
        return house
    }

    @Test func `the same request gets the stored bytes, another one a conflict`() throws {
        let house = try answered()
        #expect(try lookup(try request(), at: house.acme) == answer)
        #expect(code { try lookup(try request("{\"a\":1}"), at: house.acme) } == "DUPLICATE_TRANSACTION")
        #expect(code { try lookup(try request(path: "/api/sales/2"), at: house.acme) } == "DUPLICATE_TRANSACTION")
    }

    @Test func `a key means nothing to another principal, route or tenant`() throws {
        let house = try answered()
        #expect(try lookup(try request(user: 2), at: house.acme) == nil)
        #expect(try lookup(try request(route: "/api/returns"), at: house.acme) == nil)
        #expect(try lookup(try request(key: "k-2"), at: house.acme) == nil)
        #expect(try lookup(try request(), at: house.globex) == nil)
    }

    @Test func `keys live seven days`() throws {
        let house = try answered()
        let week = house.now.adding(seconds: 7 * 86_400)
        #expect(try house.acme.store.write { db in try Idempotency.purge(db, now: week) } == 0)
        #expect(try lookup(try request(), at: house.acme) != nil)
        #expect(try house.acme.store.write { db in try Idempotency.purge(db, now: week.adding(seconds: 1)) } == 1)
        #expect(try lookup(try request(), at: house.acme) == nil)
    }

    @Test(arguments: ["", "two words", "ümlaut", String(repeating: "k", count: 256)])
    func `odd keys are refused`(key: String) {
        #expect(code { try request(key: key) } == "request.idempotency_key_invalid")
    }

    @Test func `kept are answers and the refusals that were decided inside`() {
        #expect([200, 201, 204, 409, 422, 423].allSatisfy(Idempotency.keeps))
        #expect(![400, 401, 403, 404, 412, 429, 500, 503, 507].contains(where: Idempotency.keeps))
    }
}
